import * as z from "zod";
import type { Clock } from "../../clock.ts";
import type { DeliveryStore } from "../delivery/store.ts";
import { FIELDS, IDENTITY, PROJECT, TYPES } from "./organization.ts";
import { DevOpsRefusal } from "./refusal.ts";

export interface Relation {
  readonly rel: string;
  readonly url: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** A work item as it is kept: all that is in `fields` but its id and revision. */
export interface WorkItem {
  readonly id: number;
  readonly rev: number;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly relations: readonly Relation[];
}

export interface WorkItemComment {
  readonly id: number;
  readonly workItemId: number;
  readonly text: string;
  readonly createdDate: string;
}

/** A JSON Patch of RFC 6902, as far as work items take it. */
export const Patch = z.array(
  z.object({
    op: z.enum(["add", "replace", "remove", "test"]),
    path: z.string().startsWith("/"),
    from: z.string().nullish(),
    value: z.unknown().optional(),
  }),
);
export type Patch = z.infer<typeof Patch>;

const SCOPE = PROJECT.name;
const READ_ONLY = [
  "System.Id",
  "System.Rev",
  "System.WorkItemType",
  "System.TeamProject",
  "System.CreatedDate",
  "System.CreatedBy",
  "System.ChangedDate",
  "System.ChangedBy",
  "System.CommentCount",
];

/** Work items of the one project. */
export class WorkItems {
  readonly #store: DeliveryStore;
  readonly #clock: Clock;

  constructor({ store, clock }: { store: DeliveryStore; clock: Clock }) {
    this.#store = store;
    this.#clock = clock;
  }

  /** @throws {DevOpsRefusal} 404 for a type that the process does not have, 400 for what the rules of the type forbid */
  create(typeName: string, patch: Patch, isTrial: boolean): WorkItem {
    const type = Object.keys(TYPES).find((name) => name.toLowerCase() === typeName.toLowerCase());
    if (!type) {
      throw new DevOpsRefusal(
        404,
        "WorkItemTypeNotFoundException",
        `VS402323: Work item type ${typeName} does not exist in project ${PROJECT.name} or you do not have permission to access it.`,
      );
    }
    const now = this.#now();
    const first = {
      "System.AreaPath": PROJECT.name,
      "System.TeamProject": PROJECT.name,
      "System.IterationPath": PROJECT.name,
      "System.WorkItemType": type,
      "System.State": TYPES[type]?.[0],
      "System.Reason": "New",
      "System.CreatedDate": now,
      "System.CreatedBy": IDENTITY,
      "System.CommentCount": 0,
      "Microsoft.VSTS.Common.Priority": 2,
    };
    const item = this.#checked(applyPatch({ id: -1, rev: 0, fields: first, relations: [] }, patch));
    if (isTrial) return item;
    const kept = this.#store.addItem("devops", SCOPE, (id) => ({ ...item, id }));
    return this.#withHistory(kept, patch);
  }

  get(id: number): WorkItem | undefined {
    return this.#store.item<WorkItem>("devops", SCOPE, id);
  }

  /** Oldest first. */
  all(): WorkItem[] {
    return this.#store.items<WorkItem>("devops", SCOPE);
  }

  /** @throws {DevOpsRefusal} 412 when a test of `/rev` fails, 400 for what the rules of the type forbid */
  update(item: WorkItem, patch: Patch, isTrial = false): WorkItem {
    const changed = this.#checked(applyPatch(item, patch));
    if (isTrial) return changed;
    this.#store.setItem("devops", SCOPE, item.id, changed);
    return this.#withHistory(changed, patch);
  }

  comment(item: WorkItem, text: string): WorkItemComment {
    const comment = this.#store.addPart<WorkItemComment>("devops", "comment", SCOPE, (id) => ({
      id,
      workItemId: item.id,
      text,
      createdDate: this.#now(),
    }));
    const count = Number(item.fields["System.CommentCount"]) + 1;
    const fields = {
      ...item.fields,
      "System.CommentCount": count,
      "System.ChangedDate": comment.createdDate,
    };
    this.#store.setItem("devops", SCOPE, item.id, { ...item, rev: item.rev + 1, fields });
    return comment;
  }

  commentsOf(id: number): WorkItemComment[] {
    return this.#store
      .parts<WorkItemComment>("devops", "comment", SCOPE)
      .filter(({ workItemId }) => workItemId === id);
  }

  /** What is written to the history is a comment. */
  #withHistory(item: WorkItem, patch: Patch): WorkItem {
    const history = patch.find(({ path }) => path === "/fields/System.History")?.value;
    if (typeof history !== "string") return item;
    this.comment(item, history);
    return this.get(item.id) ?? item;
  }

  #checked(item: WorkItem): WorkItem {
    const title = item.fields["System.Title"];
    if (typeof title !== "string" || title.trim() === "" || title.length > 255) {
      const code =
        typeof title === "string" && title.length > 255 ? "InvalidTooLong" : "Required, InvalidEmpty";
      throw new DevOpsRefusal(
        400,
        "RuleValidationException",
        `TF401320: Rule Error for field Title. Error code: ${code}.`,
      );
    }
    const states = TYPES[String(item.fields["System.WorkItemType"])] ?? [];
    const state = String(item.fields["System.State"]);
    if (!states.includes(state)) {
      throw new DevOpsRefusal(
        400,
        "RuleValidationException",
        `The field 'State' contains the value '${state}' that is not in the list of supported values: ${states.join(", ")}.`,
      );
    }
    const now = this.#now();
    const { "Microsoft.VSTS.Common.ClosedDate": closedBefore, ...rest } = item.fields;
    const closed = state === "Closed" ? { "Microsoft.VSTS.Common.ClosedDate": closedBefore ?? now } : {};
    const changed = { "System.ChangedDate": now, "System.ChangedBy": IDENTITY };
    return { ...item, rev: item.rev + 1, fields: { ...rest, ...changed, ...closed } };
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

function applyPatch(item: WorkItem, patch: Patch): WorkItem {
  const fields: Record<string, unknown> = { ...item.fields };
  const relations = [...item.relations];
  for (const { op, path, value } of patch) {
    const [area, name = ""] = path.slice(1).split("/");
    if (area === "rev" && op === "test") checkRevision(item, value);
    else if (area === "fields") changeField(fields, op, name, value);
    else if (area === "relations") changeRelation(relations, op, name, value);
    else {
      throw new DevOpsRefusal(
        400,
        "VssPropertyValidationException",
        `You must pass a valid patch document in the body of the request. '${op} ${path}' is not simulated, expected ` +
          "/fields/{name}, /relations/- or a test of /rev.",
      );
    }
  }
  return { ...item, fields, relations };
}

function checkRevision(item: WorkItem, value: unknown): void {
  if (value === item.rev) return;
  throw new DevOpsRefusal(
    412,
    "WorkItemRevisionMismatchException",
    `TF26071: This work item has been changed by someone else since you opened it: revision ${item.rev}, not ` +
      `${String(value)}. You will need to refresh it and discard your changes.`,
  );
}

function changeField(
  fields: Record<string, unknown>,
  op: Patch[number]["op"],
  asked: string,
  value: unknown,
): void {
  const name = fieldNamed(asked);
  if (op === "test") {
    if (fields[name] === value) return;
    throw new DevOpsRefusal(412, "TestPatchOperationFailedException", `The test of '${name}' failed.`);
  }
  if (READ_ONLY.includes(name)) {
    throw new DevOpsRefusal(
      400,
      "RuleValidationException",
      `TF401320: Rule Error for field ${FIELDS[name]}. Error code: ReadOnly, InvalidNotOldValue.`,
    );
  }
  if (op === "remove" || value === null) delete fields[name];
  else if (name === "System.AssignedTo")
    fields[name] = { ...IDENTITY, displayName: String(value), uniqueName: String(value) };
  else if (name === "System.Tags") fields[name] = tagsOf(value).join("; ");
  else if (name !== "System.History") fields[name] = value;
}

function changeRelation(relations: Relation[], op: Patch[number]["op"], at: string, value: unknown): void {
  if (op === "remove") {
    relations.splice(Number(at), 1);
    return;
  }
  const read = z
    .object({
      rel: z.string().min(1),
      url: z.url(),
      attributes: z.record(z.string(), z.unknown()).optional(),
    })
    .safeParse(value);
  if (at !== "-" || op !== "add" || !read.success) {
    throw new DevOpsRefusal(
      400,
      "VssPropertyValidationException",
      `A relation is added at /relations/- with a 'rel' and a 'url'; found '${op} /relations/${at}'.`,
    );
  }
  const { attributes, ...relation } = read.data;
  relations.push(attributes ? { ...relation, attributes } : relation);
}

/** @throws {DevOpsRefusal} 400 for a field that is not simulated */
export function fieldNamed(asked: string): string {
  const name = Object.keys(FIELDS).find((known) => known.toLowerCase() === asked.toLowerCase());
  if (name) return name;
  throw new DevOpsRefusal(
    400,
    "WorkItemTrackingFieldDefinitionNotFoundException",
    `TF51535: Cannot find field ${asked}. Simulated are: ${Object.keys(FIELDS).join(", ")}.`,
  );
}

export function tagsOf(value: unknown): string[] {
  return String(value ?? "")
    .split(/[;,]/)
    .map((tag) => tag.trim())
    .filter(Boolean);
}
