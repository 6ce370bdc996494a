import * as z from "zod";
import { LoopbackUrl } from "../../front/loopback-url.ts";

/** Receivers that exist in Azure and nobody here could receive with. */
const NOT_SIMULATED = [
  "emailReceivers",
  "smsReceivers",
  "itsmReceivers",
  "azureAppPushReceivers",
  "automationRunbookReceivers",
  "voiceReceivers",
  "logicAppReceivers",
  "armRoleReceivers",
  "eventHubReceivers",
  "incidentReceivers",
] as const;

const notSimulated = z.object(
  Object.fromEntries(
    NOT_SIMULATED.map((name) => [
      name,
      z
        .array(z.unknown())
        .max(0, `${name} are not simulated: use webhookReceivers or azureFunctionReceivers`)
        .nullish(),
    ]),
  ),
);

const Name = z.string().min(1);
/** Off by default for each receiver, as in Azure. */
const useCommonAlertSchema = z.boolean().nullish();

const Webhook = z.looseObject({
  name: Name,
  serviceUri: LoopbackUrl,
  useCommonAlertSchema,
  useAadAuth: z
    .literal(false, { error: "Microsoft Entra tokens on webhooks are not simulated, expected false" })
    .nullish(),
});
const AzureFunction = z.looseObject({
  name: Name,
  functionAppResourceId: z.string().startsWith("/"),
  functionName: z.string().min(1),
  httpTriggerUrl: LoopbackUrl,
  useCommonAlertSchema,
});

export const GroupBody = z.looseObject({
  location: z.string().min(1),
  tags: z.record(z.string(), z.string()).nullish(),
  properties: z.intersection(
    notSimulated,
    z.looseObject({
      groupShortName: z.string().min(1).max(12, "expected at most 12 characters"),
      enabled: z.boolean().default(true),
      webhookReceivers: z.array(Webhook).default([]),
      azureFunctionReceivers: z.array(AzureFunction).default([]),
    }),
  ),
});
export type Group = z.infer<typeof GroupBody>["properties"];

export const GroupPatch = z.looseObject({
  tags: z.record(z.string(), z.string()).nullish(),
  properties: z.looseObject({ enabled: z.boolean().nullish() }).nullish(),
});

/** Who is called, and in which of the two schemas. */
export interface Receiver {
  readonly name: string;
  readonly url: string;
  readonly isCommonSchema: boolean;
}

export function receiversOf({ webhookReceivers, azureFunctionReceivers }: Group): Receiver[] {
  return [
    ...webhookReceivers.map((one) => ({ ...one, url: one.serviceUri })),
    ...azureFunctionReceivers.map((one) => ({ ...one, url: one.httpTriggerUrl })),
  ].map(({ name, url, useCommonAlertSchema: isCommon }) => ({
    name,
    url,
    isCommonSchema: isCommon === true,
  }));
}

/** Azure refuses two receivers of one name, whatever their kinds. */
export function repeatedReceiver(group: Group): string | undefined {
  const names = receiversOf(group).map(({ name }) => name.toLowerCase());
  return names.find((name, index) => names.indexOf(name) !== index);
}
