// Simulates requests to AWS with @cloud-copilot/iam-simulate. It reads from standard input
//   {"policies": {kind: [document, ...]}, "requests": [...]}
// where requests refer to the policies by their position, and writes the list of results.
// Every document is validated once, and a request that cannot be simulated is an error.

import { text } from 'node:stream/consumers'
import {
  createValidatedPolicy,
  validateEndpointPolicy,
  validateIdentityPolicy,
  validateResourceControlPolicy,
  validateResourcePolicy,
  validateServiceControlPolicy
} from '@cloud-copilot/iam-policy'
import { anonymousPrincipal, runSimulation } from '@cloud-copilot/iam-simulate'

const VALIDATIONS = {
  identity: validateIdentityPolicy,
  resource: validateResourcePolicy,
  service_control: validateServiceControlPolicy,
  resource_control: validateResourceControlPolicy,
  endpoint: validateEndpointPolicy
}

const input = JSON.parse(await text(process.stdin))
const policies = Object.fromEntries(
  Object.entries(input.policies).map(([kind, documents]) => [
    kind,
    documents.map((document) => createValidatedPolicy(document, VALIDATIONS[kind]))
  ])
)

const named = (kind, positions) =>
  positions.map((position) => ({ name: `${kind} policy ${position}`, policy: policies[kind][position] }))
// The policies of an organization are those of one level: a root without organizational units.
const ofOrganization = (kind, positions) =>
  positions.length ? [{ orgIdentifier: 'r-ab12', policies: named(kind, positions) }] : []

async function simulated(request) {
  const found = await runSimulation(
    {
      request: {
        principal: request.principal ?? anonymousPrincipal,
        action: request.action,
        resource: { resource: request.resource, accountId: request.owner },
        contextVariables: request.context
      },
      identityPolicies: named('identity', request.identity),
      serviceControlPolicies: ofOrganization('service_control', request.service_control),
      resourceControlPolicies: ofOrganization('resource_control', request.resource_control),
      resourcePolicy: request.resource_policy.length ? policies.resource[request.resource_policy[0]] : undefined,
      vpcEndpointPolicies: request.endpoint.length ? named('endpoint', request.endpoint) : undefined
    },
    {}
  )
  if (found.resultType === 'error') {
    throw new Error(`${JSON.stringify(request)} cannot be simulated: ${JSON.stringify(found.errors)}`)
  }
  return found.overallResult
}

const results = []
for (const request of input.requests) {
  results.push(await simulated(request))
}
process.stdout.write(JSON.stringify(results))
