/** The URLs of the durable HTTP API, as clients get them. */

export interface Addresses {
  /** `http://localhost:<port>/runtime/webhooks/durabletask` */
  readonly baseUrl: string;
  /** With a trailing slash. */
  readonly rpcBaseUrl: string;
  /** System key; empty when no key is asked for. */
  readonly code: string;
}

/** What the app's durable client is made of: templates whose braces it replaces itself. */
export function clientBinding(addresses: Addresses, hubName: string, isRpcEnabled: boolean): string {
  const { baseUrl, rpcBaseUrl, code } = addresses;
  const key = `code=${code}`;
  const create = `${baseUrl}/orchestrators/{functionName}[/{instanceId}]?`;
  const wait = "timeout={timeoutInSeconds}&pollingInterval={intervalInSeconds}&";
  return JSON.stringify({
    taskHubName: hubName,
    creationUrls: {
      createNewInstancePostUri: create + key,
      createAndWaitOnNewInstancePostUri: create + wait + key,
    },
    managementUrls: { id: "INSTANCEID", ...managementUrls(baseUrl, "INSTANCEID", code, hubName) },
    baseUrl,
    requiredQueryStringParameters: key,
    ...(isRpcEnabled ? { rpcBaseUrl } : {}),
  });
}

/** Where to ask after one instance and how to steer it. */
export function managementUrls(baseUrl: string, id: string, code: string, hubName: string) {
  const instance = `${baseUrl}/instances/${id}`;
  const query = `taskHub=${hubName}&connection=Storage&code=${code}`;
  return {
    statusQueryGetUri: `${instance}?${query}`,
    sendEventPostUri: `${instance}/raiseEvent/{eventName}?${query}`,
    terminatePostUri: `${instance}/terminate?reason={text}&${query}`,
    rewindPostUri: `${instance}/rewind?reason={text}&${query}`,
    purgeHistoryDeleteUri: `${instance}?${query}`,
    restartPostUri: `${instance}/restart?${query}`,
    suspendPostUri: `${instance}/suspend?reason={text}&${query}`,
    resumePostUri: `${instance}/resume?reason={text}&${query}`,
  };
}
