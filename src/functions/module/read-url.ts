// Reads URL templates: schemes, unix sockets, the placeholder of the function's name.
import type { ReadContext, ScalarNode } from '../../dataflow/index.ts'
import { nearestWord, quoted } from '../../dataflow/index.ts'
import type { UrlTemplate } from './plan.ts'

const PLACEHOLDER = '{function.name}'
const SCHEMES = ['http', 'https', 'http+unix', 'https+unix'] as const
/** A name that is valid in every part of a URL, to see whether a template is. */
const SAMPLE_NAME = 'function-name'

/** A checked template; null after a finding. */
export function readUrl(context: ReadContext, node: ScalarNode): UrlTemplate | null {
  const { text } = node
  const problem = problemOf(text)
  if (problem !== null) {
    context.report.error('WRONG_URL', node, problem.message, problem.hint)
    return null
  }
  const scheme = schemeOf(text)!
  const at = context.report.position(node)
  const url = new URL(withName(text, SAMPLE_NAME))
  if (scheme === 'http+unix' || scheme === 'https+unix') {
    return { text, scheme, host: null, port: null, socketPath: socketOf(text), at }
  }
  const host = text
    .slice(scheme.length + 3)
    .split(/[/?]/)[0]!
    .includes(PLACEHOLDER)
    ? null
    : url.hostname.replace(/^\[(.*)\]$/, '$1')
  const port = url.port === '' ? (scheme === 'https' ? 443 : 80) : Number(url.port)
  return { text, scheme, host, port: host === null ? null : port, socketPath: null, at }
}

/** The URL that requests for one function go to. For a socket it is the URL within, under the host `localhost`. */
export function endpointUrl(template: UrlTemplate, functionName: string): string {
  const { text, scheme, socketPath } = template
  if (socketPath === null) return new URL(withName(text, encodeURIComponent(functionName))).href
  const path = text.slice(`${scheme}://`.length + socketPath.length)
  const named = withName(path, encodeURIComponent(functionName))
  return new URL(named, `${scheme.replace('+unix', '')}://localhost`).href
}

/** The URL for one function as the file has it, for people. */
export function shownUrl({ text }: UrlTemplate, functionName: string): string {
  return withName(text, functionName)
}

const withName = (text: string, name: string): string => text.replaceAll(PLACEHOLDER, name)

function schemeOf(text: string): (typeof SCHEMES)[number] | undefined {
  const scheme = /^([a-z+]+):\/\//i.exec(text)?.[1]?.toLowerCase()
  return SCHEMES.find(known => known === scheme)
}

/** The path of the socket in a template: up to the first part that ends with `.sock`. */
function socketOf(text: string): string | null {
  return /^[a-z+]+:\/\/(\/(?:[^/?#]+\/)*?[^/?#]+\.sock)(?=$|[/?])/i.exec(text)?.[1] ?? null
}

interface UrlProblem {
  readonly message: string
  readonly hint: string | null
}

function problemOf(text: string): UrlProblem | null {
  const shown = quoted(text)
  const scheme = schemeOf(text)
  if (scheme === undefined) {
    const written = /^([^:/]*):/.exec(text)?.[1] ?? ''
    const nearest = nearestWord(written, SCHEMES)
    return {
      message: `the URL ${shown} must begin with one of ${SCHEMES.map(each => `${each}://`).join(', ')}`,
      hint: nearest === null ? 'For example http://127.0.0.1:8000/.' : `Did you mean "${nearest}"?`
    }
  }
  const unknown = /\{[^}]*\}?/.exec(withName(text, ''))?.[0]
  if (unknown !== undefined) {
    return {
      message: `the URL ${shown} has the placeholder ${quoted(unknown)}; there is only ${PLACEHOLDER}`,
      hint: `Did you mean "${PLACEHOLDER}"?`
    }
  }
  if (scheme.endsWith('unix')) {
    if (socketOf(text) !== null) return null
    return {
      message:
        `the URL ${shown} names no socket: after ${scheme}:// comes an absolute path ` +
        'with a part that ends with .sock',
      hint: `For example ${scheme}:///run/functions.sock/statefun.`
    }
  }
  const url = URL.parse(withName(text, SAMPLE_NAME))
  // What has no host reads its first part as one.
  if (url === null || url.hostname === '' || /^\w+:\/\/[/\\]/.test(text)) {
    return { message: `${shown} is no URL`, hint: 'For example http://127.0.0.1:8000/.' }
  }
  if (url.username !== '' || url.password !== '') {
    return {
      message: 'the URL holds a name or a password, which would end up in logs',
      hint: 'Use the TLS options of the transport instead.'
    }
  }
  if (url.hash !== '') {
    return { message: `the URL ${shown} has a fragment, which is never sent`, hint: 'Remove it.' }
  }
  return null
}
