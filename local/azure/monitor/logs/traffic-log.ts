import type { ScoredRequest } from "../../service.ts";
import type { Row } from "../kql/compile.ts";
import type { Column } from "../kql/syntax.ts";

/** What the table says of where a request was served. */
export interface LogPlace {
  readonly location: string;
  /** The workspace's own GUID, by its resource id. */
  readonly workspaceGuid: (workspaceId: string) => string;
  /** Of the Log Analytics workspace. */
  readonly customerId: string;
}

export const TRAFFIC_LOG = "AmlOnlineEndpointTrafficLog";
export const OPERATION = "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/score";

/** The columns that a traffic log has wherever it goes, with what a request says in them. */
const FIELDS: readonly (Column & {
  readonly of: (request: ScoredRequest, place: Place) => string | number | null;
})[] = [
  { name: "Method", type: "string", of: ({ log }) => log?.method ?? "" },
  { name: "Path", type: "string", of: ({ log }) => log?.path ?? "" },
  { name: "SubscriptionId", type: "string", of: (_, { subscription }) => subscription },
  { name: "AzureMLWorkspaceId", type: "string", of: (_, { workspaceGuid }) => workspaceGuid },
  { name: "AzureMLWorkspaceName", type: "string", of: (_, { workspace }) => workspace },
  { name: "EndpointName", type: "string", of: (_, { endpoint }) => endpoint },
  { name: "DeploymentName", type: "string", of: ({ deployment }) => deployment },
  { name: "Protocol", type: "string", of: ({ log }) => log?.protocol ?? "" },
  { name: "ResponseCode", type: "int", of: ({ statusCode }) => statusCode },
  { name: "ResponseCodeReason", type: "string", of: ({ log }) => log?.reason ?? "" },
  { name: "ModelStatusCode", type: "int", of: ({ modelStatusCode }) => modelStatusCode ?? null },
  { name: "ModelStatusReason", type: "string", of: ({ log }) => log?.modelReason ?? "" },
  { name: "RequestPayloadSize", type: "int", of: ({ log }) => log?.requestBytes ?? null },
  { name: "ResponsePayloadSize", type: "int", of: ({ log }) => log?.responseBytes ?? null },
  { name: "UserAgent", type: "string", of: ({ log }) => log?.userAgent ?? "" },
  { name: "XRequestId", type: "string", of: ({ log }) => log?.requestId ?? "" },
  { name: "XMSClientRequestId", type: "string", of: ({ log }) => log?.clientRequestId ?? "" },
  { name: "TotalDurationMs", type: "int", of: ({ durationMs }) => Math.round(durationMs) },
  // A request is there whole before its time starts, and its answer leaves at once: the first byte is the last.
  { name: "RequestDurationMs", type: "int", of: () => 0 },
  { name: "ResponseDurationMs", type: "int", of: ({ durationMs }) => Math.round(durationMs) },
  // Nothing here limits a network's bandwidth.
  { name: "RequestThrottlingDelayMs", type: "int", of: () => 0 },
  { name: "ResponseThrottlingDelayMs", type: "int", of: () => 0 },
  { name: "AuthType", type: "string", of: ({ log }) => log?.authType ?? "" },
  { name: "IdentityData", type: "string", of: () => "" },
];

interface Place {
  readonly subscription: string;
  readonly workspace: string;
  readonly workspaceGuid: string;
  readonly endpoint: string;
}

function placeOf(endpointId: string, { workspaceGuid }: LogPlace): Place {
  const segments = endpointId.split("/");
  const [, , subscription = "", , , , , , workspace = "", , endpoint = ""] = segments;
  return { subscription, workspace, endpoint, workspaceGuid: workspaceGuid(segments.slice(0, 9).join("/")) };
}

/** What a diagnostic setting sends as the `properties` of a record. */
export function toProperties(request: ScoredRequest, logPlace: LogPlace): Record<string, unknown> {
  const place = placeOf(request.endpointId, logPlace);
  return Object.fromEntries(FIELDS.map(({ name, of }) => [name, of(request, place)]));
}

/**
 * The table's columns. `_BilledSize` and `_IsBillable` are left out: nothing is billed here.
 *
 * @see https://learn.microsoft.com/azure/azure-monitor/reference/tables/amlonlineendpointtrafficlog
 */
export const COLUMNS: readonly Column[] = [
  { name: "TenantId", type: "string" },
  { name: "TimeGenerated", type: "datetime" },
  { name: "OperationName", type: "string" },
  { name: "Location", type: "string" },
  ...FIELDS.map(({ name, type }) => ({ name, type })),
  { name: "SourceSystem", type: "string" },
  { name: "Type", type: "string" },
  { name: "_ResourceId", type: "string" },
  { name: "_SubscriptionId", type: "string" },
];

export function toRow(request: ScoredRequest, logPlace: LogPlace): Row {
  const place = placeOf(request.endpointId, logPlace);
  return [
    logPlace.customerId,
    request.at,
    OPERATION,
    logPlace.location,
    ...FIELDS.map(({ of }) => of(request, place)),
    "Azure",
    TRAFFIC_LOG,
    request.endpointId.toLowerCase(),
    place.subscription,
  ];
}
