// DescribeAcls, CreateAcls, DeleteAcls: access rules by Kafka's tools (KIP-140).
import { isMillraceError, messageOf } from '../../../base/index.ts'
import { checkRule, type AccessRule } from '../../../security/index.ts'
import { ERROR_CODES, type ResponseOf, type Sparse } from '../../wire/index.ts'
import type { BrokerContext, Handler } from '../context.ts'
import { DONE, outcomeOfError, refusal, type Outcome } from '../error-of.ts'
import { securityRefusal } from '../security/permission.ts'
import { codesOf, isFilter, matches, ruleOf, type RuleFilter } from '../security/rule-codes.ts'

type Matching = Sparse<ResponseOf<'DeleteAcls'>['filterResults'][number]>

const UNKNOWN_FILTER = refusal(
  ERROR_CODES.INVALID_REQUEST,
  'the filter names a type, pattern, operation or permission that is not known here'
)

/** Answers DescribeAcls: rules by resource. */
export const handleDescribeAcls: Handler<'DescribeAcls'> = (context, request, caller) => {
  const refused = securityRefusal(context, caller, 'describe')
  if (refused !== null) return refused
  if (!isFilter(request)) return UNKNOWN_FILTER
  const found = context.security.rules.list().filter(rule => matches(request, rule))
  const byResource = Map.groupBy(found, ({ kind, pattern, name }) => `${kind}\n${pattern}\n${name}`)
  const resources = [...byResource.values()].map(rules => {
    const [first] = rules as [AccessRule]
    const { resourceType, patternType } = codesOf(first)
    const acls = rules.map(rule => {
      const { operation, permissionType } = codesOf(rule)
      return { principal: rule.principal, host: rule.host, operation, permissionType }
    })
    return { resourceType, resourceName: first.name, patternType, acls }
  })
  return { errorMessage: null, resources }
}

/** Answers CreateAcls: each rule is added or refused by itself. */
export const handleCreateAcls: Handler<'CreateAcls'> = async (context, request, caller) => {
  const refused = securityRefusal(context, caller, 'alter')
  if (refused !== null) return { results: request.creations.map(() => refused) }
  const good: AccessRule[] = []
  const results: Outcome[] = []
  for (const asked of request.creations) {
    const rule = ruleOf(asked)
    const problem =
      rule === null
        ? 'it names a type, pattern, operation or permission that is not known here'
        : problemOf(rule)
    if (rule !== null && problem === null) good.push(rule)
    results.push(problem === null ? DONE : refusal(ERROR_CODES.INVALID_REQUEST, problem))
  }
  try {
    await context.security.rules.add(good)
    return { results }
  } catch (error) {
    const failed = outcomeOfError(error)
    return { results: results.map(each => (each === DONE ? failed : each)) }
  }
}

function problemOf(rule: AccessRule): string | null {
  try {
    checkRule(rule)
    return null
  } catch (error) {
    if (!isMillraceError(error)) throw error
    return messageOf(error)
  }
}

/** Answers DeleteAcls: what was removed, by filter. */
export const handleDeleteAcls: Handler<'DeleteAcls'> = async (context, request, caller) => {
  const refused = securityRefusal(context, caller, 'alter')
  if (refused !== null) return { filterResults: request.filters.map(() => refused) }
  const filterResults: Matching[] = []
  for (const filter of request.filters) filterResults.push(await remove(context, filter))
  return { filterResults }
}

async function remove({ security }: BrokerContext, filter: RuleFilter): Promise<Matching> {
  if (!isFilter(filter)) return UNKNOWN_FILTER
  const found = security.rules.list().filter(rule => matches(filter, rule))
  try {
    await security.rules.remove(found)
  } catch (error) {
    return outcomeOfError(error)
  }
  return {
    errorMessage: null,
    matchingAcls: found.map(rule => {
      const { principal, host, name } = rule
      return { errorMessage: null, resourceName: name, principal, host, ...codesOf(rule) }
    })
  }
}
