// Agents: the people of a customer. Single fields have routes of their own; an agent may change most of its own record.
import Type, { type TObject } from 'typebox'
import type { AgentFilter, AgentService } from '../../account/agents.ts'
import { type ErrorCode, UserError } from '../../base/errors.ts'
import { isUuid } from '../../base/ids.ts'
import { Agent, AgentCreate, AgentFields, type AgentPatch } from '../../schema/account.ts'
import { Page, PageQuery } from '../../schema/common.ts'
import { administrators, administratorsOrSelf, anyone } from '../access.ts'
import { pageOf, pageRequest } from '../paging.ts'
import { type Access, type Route, route } from '../route.ts'

const tag = 'agents'
const errors = ['AGENT_NOT_FOUND'] as const

const AgentQuery = Type.Object({
  ...PageQuery.properties,
  status: Type.Optional(Agent.properties.status),
  tag_ids: Type.Optional(
    Type.String({ description: 'tag ids with commas between; agents with any of them are listed' }),
  ),
})

export function agentRoutes(agents: AgentService): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1.0/me',
      operation: 'getMe',
      summary: 'Who you are: your agent record, or your access key in the same shape',
      tag,
      access: anyone,
      response: Agent,
      handler: async ({ identity }) => identity.me,
    }),
    route({
      method: 'GET',
      path: '/v1.0/agents',
      operation: 'listAgents',
      summary: 'List agents, newest first',
      tag,
      access: administrators,
      query: AgentQuery,
      response: Page(Agent),
      handler: async ({ identity, query }) =>
        pageOf(await agents.list(identity, { ...pageRequest(query), ...agentFilter(query) })),
    }),
    route({
      method: 'POST',
      path: '/v1.0/agents',
      operation: 'createAgent',
      summary: 'Create an agent',
      tag,
      access: administrators,
      status: 201,
      errors: ['ALREADY_EXISTS'],
      body: AgentCreate,
      example: { username: 'alice@example.com', password: 'correct horse battery', name: 'Alice', permission: 16 },
      response: Agent,
      handler: ({ identity, body }) => agents.create(identity, body),
    }),
    ...singleAgentRoutes(agents),
    ...fieldRoutes(agents),
  ]
}

function singleAgentRoutes(agents: AgentService): Route[] {
  return [
    route({
      method: 'GET',
      path: '/v1.0/agents/{id}',
      operation: 'getAgent',
      summary: 'Read an agent',
      tag,
      access: administratorsOrSelf,
      errors,
      response: Agent,
      handler: ({ identity, id }) => agents.get(identity, id),
    }),
    route({
      method: 'DELETE',
      path: '/v1.0/agents/{id}',
      operation: 'deleteAgent',
      summary: 'Delete an agent; its tokens stop working at once',
      tag,
      access: administrators,
      errors: [...errors, 'STATE_INVALID'],
      response: Agent,
      handler: ({ identity, id }) => agents.remove(identity, id),
    }),
    route({
      method: 'POST',
      path: '/v1.0/agents/{id}/direct-hash-regenerate',
      operation: 'regenerateAgentHash',
      summary: 'Give an agent a new direct hash; the old one stops working at once',
      tag,
      access: administrators,
      errors,
      response: Agent,
      handler: ({ identity, id }) => agents.regenerateHash(identity, id),
    }),
    change(agents, {
      path: '/v1.0/agents/{id}',
      operation: 'updateAgent',
      summary: 'Change an agent; what is left out stays as it is',
      access: administratorsOrSelf,
      body: Type.Partial(Type.Pick(Type.Object(AgentFields), ['name', 'detail', 'ring_method'])),
      example: { name: 'Alice' },
    }),
  ]
}

/** One route per field: PUT /agents/{id}/<field> with a body of that field alone. */
function fieldRoutes(agents: AgentService): Route[] {
  const field = (name: keyof typeof AgentFields, operation: string, value: unknown, access: Access): Route =>
    change(agents, {
      path: `/v1.0/agents/{id}/${name}`,
      operation,
      summary: `Change the ${name.replace('_', ' ')} of an agent`,
      access,
      body: Type.Object({ [name]: AgentFields[name] }),
      example: { [name]: value },
      errors: name === 'permission' ? ['STATE_INVALID'] : [],
    })
  return [
    field('addresses', 'updateAgentAddresses', [{ type: 'sip', target: 'alice@127.0.0.1' }], administratorsOrSelf),
    field('password', 'updateAgentPassword', 'correct horse battery', administratorsOrSelf),
    field('permission', 'updateAgentPermission', 16, administrators),
    field('status', 'updateAgentStatus', 'available', administratorsOrSelf),
    field('tag_ids', 'updateAgentTags', [], administrators),
  ]
}

interface ChangeFacts {
  readonly path: string
  readonly operation: string
  readonly summary: string
  readonly access: Access
  readonly body: TObject
  readonly example: Record<string, unknown>
  readonly errors?: readonly ErrorCode[]
}

/** The bodies hold nothing but AgentFields, so what was checked is an AgentPatch. */
function change(agents: AgentService, facts: ChangeFacts): Route {
  return route({
    ...facts,
    method: 'PUT',
    tag,
    errors: [...errors, ...(facts.errors ?? [])],
    response: Agent,
    handler: ({ identity, id, body }) => agents.update(identity, id, body as AgentPatch),
  })
}

function agentFilter(query: { readonly status?: Agent['status']; readonly tag_ids?: string }): AgentFilter {
  const tagIds = query.tag_ids?.split(',').map((id) => id.trim().toLowerCase())
  if (tagIds?.some((id) => !isUuid(id))) {
    throw new UserError('INVALID_REQUEST_PARAMETER', 'tag_ids must be UUIDs with commas between', {
      details: [{ field: 'tag_ids' }],
    })
  }
  return {
    ...(query.status === undefined ? {} : { status: query.status }),
    ...(tagIds === undefined ? {} : { tagIds }),
  }
}
