/** What a path of the Event Grid resource provider names. Ids are ARM ids in the caller's casing. */
export type Route =
  | { readonly kind: "topic"; readonly id: string; readonly name: string }
  | { readonly kind: "topics"; readonly prefix: string }
  | { readonly kind: "topic-types"; readonly name?: string | undefined; readonly child?: string | undefined }
  | { readonly kind: "subscriptions"; readonly prefix: string }
  | {
      readonly kind: "subscription";
      readonly id: string;
      readonly name: string;
      /** The resource it listens to, or the system topic that knows it. */
      readonly scope: { readonly topicId: string } | { readonly resourceId: string };
      readonly action?: string;
    };

/** Reads the last `providers/Microsoft.EventGrid` of a path; `undefined` when it is another provider's. */
export function readRoute(segments: readonly string[]): Route | undefined {
  const lower = segments.map((segment) => segment.toLowerCase());
  const provider = lower.lastIndexOf("microsoft.eventgrid");
  if (provider < 1 || lower[provider - 1] !== "providers") return undefined;
  const [type, name, childType] = lower.slice(provider + 1);
  if (type === "topictypes" && childType !== "eventsubscriptions") {
    return { kind: "topic-types", name, child: childType };
  }
  const idOf = (count: number) => `/${segments.slice(0, count).join("/")}`;
  if (type === "systemtopics" && !name) {
    return { kind: "topics", prefix: `/${segments.slice(0, provider - 1).join("/")}/` };
  }
  if (type === "systemtopics" && name) {
    const topicId = idOf(provider + 3);
    if (!childType) return { kind: "topic", id: topicId, name: segments[provider + 2] ?? "" };
    if (childType !== "eventsubscriptions") return undefined;
    return readSubscription(segments, provider + 3, { topicId });
  }
  if (type !== "eventsubscriptions") return undefined;
  // A subscription or a resource group lists what is anywhere below it.
  if (!name && provider - 1 <= 4) {
    return { kind: "subscriptions", prefix: `/${segments.slice(0, provider - 1).join("/")}/` };
  }
  return readSubscription(segments, provider + 1, { resourceId: idOf(provider - 1) });
}

function readSubscription(
  segments: readonly string[],
  typeAt: number,
  scope: { topicId: string } | { resourceId: string },
): Route | undefined {
  const [name, action, ...rest] = segments.slice(typeAt + 1);
  if (rest.length > 0) return undefined;
  if (!name) return { kind: "subscriptions", prefix: `/${segments.slice(0, typeAt + 1).join("/")}/` };
  const id = `/${segments.slice(0, typeAt + 2).join("/")}`;
  return { kind: "subscription", id, name, scope, ...(action ? { action: action.toLowerCase() } : {}) };
}
