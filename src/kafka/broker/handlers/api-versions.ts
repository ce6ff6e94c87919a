// ApiVersions: what this broker speaks.
import { APIS, ERROR_CODES } from '../../wire/index.ts'
import type { Sparse, ResponseOf } from '../../wire/index.ts'
import type { Handler } from '../context.ts'

/** Names and versions of software that a client may give itself (KIP-511). */
const SOFTWARE = /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/
/**
 * Produce is announced from version 0 on, as Apache Kafka 4 does: librdkafka takes a broker without it for one that
 * knows no compression. Versions below the layout's first one are refused when they are used.
 */
const PRODUCE_KEY = 0
const API_VERSIONS_SOFTWARE_SINCE = 3

/** The answer to every ApiVersions request, and to one of a version that is not known. `names`: APIs with a handler. */
export function apiVersions(
  errorCode: number,
  names: ReadonlySet<string>
): Sparse<ResponseOf<'ApiVersions'>> {
  return {
    errorCode,
    apiKeys: APIS.filter(api => names.has(api.name)).map(({ key, min, max }) => {
      return { apiKey: key, minVersion: key === PRODUCE_KEY ? 0 : min, maxVersion: max }
    })
  }
}

/** Makes what answers ApiVersions. */
export function apiVersionsHandler(names: () => ReadonlySet<string>): Handler<'ApiVersions'> {
  return (_context, request, _caller, version) => {
    const isNamed =
      SOFTWARE.test(request.clientSoftwareName) && SOFTWARE.test(request.clientSoftwareVersion)
    const isValid = version < API_VERSIONS_SOFTWARE_SINCE || isNamed
    return apiVersions(isValid ? ERROR_CODES.NONE : ERROR_CODES.INVALID_REQUEST, names())
  }
}
