/** A resource of one type in a resource group, or the list of them in a group or a subscription. */
export type ResourceRoute =
  | { readonly kind: "list"; readonly prefix: string }
  | {
      readonly kind: "resource";
      readonly id: string;
      readonly name: string;
      readonly rest: readonly string[];
    };

/**
 * Reads `/subscriptions/{s}[/resourceGroups/{g}]/providers/{namespace}/{type}[/{name}...]`.
 *
 * @param type - e.g. `microsoft.insights/actiongroups`, in lower case
 */
export function readResourceRoute(segments: readonly string[], type: string): ResourceRoute | undefined {
  const lower = segments.map((segment) => segment.toLowerCase());
  const at = lower.indexOf("providers");
  if (lower[0] !== "subscriptions" || (at !== 2 && at !== 4)) return undefined;
  if (at === 4 && lower[2] !== "resourcegroups") return undefined;
  if (`${lower[at + 1]}/${lower[at + 2]}` !== type) return undefined;
  const [, subscription, , group] = segments;
  const prefix = `/subscriptions/${subscription}/`;
  const name = segments[at + 3];
  if (name === undefined) {
    return { kind: "list", prefix: at === 2 ? prefix : `${prefix}resourceGroups/${group}/` };
  }
  if (at === 2) return undefined;
  const [, provider, kind] = segments.slice(at);
  const id = `${prefix}resourceGroups/${group}/providers/${provider}/${kind}/${name}`;
  return { kind: "resource", id, name, rest: lower.slice(at + 4) };
}
