import type { ServiceAnswer } from "../service.ts";

/** A request that Azure DevOps refuses. `typeKey` is by what its clients tell errors apart. */
export class DevOpsRefusal extends Error {
  override name = "DevOpsRefusal";
  readonly status: number;
  readonly typeKey: string;

  constructor(status: number, typeKey: string, message: string) {
    super(message);
    this.status = status;
    this.typeKey = typeKey;
  }
}

export function refused({ status, typeKey, message }: DevOpsRefusal): ServiceAnswer {
  const typeName = `Microsoft.TeamFoundation.WorkItemTracking.Server.${typeKey}, Microsoft.TeamFoundation.WorkItemTracking.Server`;
  return {
    status,
    body: { $id: "1", innerException: null, message, typeName, typeKey, errorCode: 0, eventId: 3200 },
  };
}
