import { DefaultAzureCredential, type TokenCredential } from "@azure/identity";

/** The app's own identity: a managed identity on Azure, a developer's sign-in elsewhere. Never a stored secret. */
export function ownIdentity(clientId: string | undefined): TokenCredential {
  return clientId
    ? new DefaultAzureCredential({ managedIdentityClientId: clientId })
    : new DefaultAzureCredential();
}
