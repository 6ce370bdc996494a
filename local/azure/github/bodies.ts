import * as z from "zod";
import { LoopbackUrl } from "../front/loopback-url.ts";
import type { ServiceRequest } from "../service.ts";
import { GitHubRefusal, validationFailed } from "./refusal.ts";
import { LOGIN } from "./repository.ts";

const LabelName = z.union([
  z.string().min(1),
  z.looseObject({ name: z.string().min(1) }).transform(({ name }) => name),
]);
const text = z.string().max(65_536);

const issueFields = {
  body: text.nullable().optional(),
  labels: z.array(LabelName).optional(),
  assignees: z.array(z.string()).optional(),
  assignee: z.string().nullable().optional(),
  milestone: z.union([z.string(), z.number()]).nullable().optional(),
};
/** A number is a title, too. */
const Title = z.union([z.string(), z.number()]).transform(String);

export const NewIssue = z.object({ ...issueFields, title: Title });
export const ChangedIssue = z.object({
  ...issueFields,
  title: Title.nullable().optional(),
  state: z.enum(["open", "closed"]).optional(),
  state_reason: z.enum(["completed", "not_planned", "duplicate", "reopened"]).nullable().optional(),
});
export const NewComment = z.object({ body: text.min(1) });
export const Labels = z
  .union([z.object({ labels: z.array(LabelName) }), z.array(LabelName).transform((labels) => ({ labels }))])
  .transform(({ labels }) => labels);
export const NewLabel = z.object({
  name: z.string().min(1),
  color: z
    .string()
    .regex(/^[0-9a-f]{6}$/i)
    .optional(),
  description: z.string().max(100).nullable().optional(),
});
export const WorkflowDispatch = z.object({
  ref: z.string(),
  inputs: z.record(z.string(), z.unknown()).optional(),
  return_run_details: z.boolean().optional(),
});
export const RepositoryDispatch = z.object({
  event_type: z.string().min(1).max(100),
  client_payload: z.record(z.string(), z.unknown()).optional(),
});
export const NewHook = z.object({
  name: z.literal("web").optional(),
  active: z.boolean().optional(),
  events: z.array(z.string()).optional(),
  config: z.object({
    url: LoopbackUrl,
    content_type: z.enum(["json", "form"]).optional(),
    secret: z.string().optional(),
    insecure_ssl: z.union([z.string(), z.number()]).optional(),
  }),
});

/**
 * Reads a request's body.
 *
 * @param resource - by which GitHub names it in its errors, e.g. `Issue`
 * @throws {GitHubRefusal} 400 for what is no JSON, 422 naming the fields that are missing or wrong
 */
export function readBody<T>(request: ServiceRequest, schema: z.ZodType<T>, resource: string): T {
  let body: unknown;
  try {
    body = JSON.parse(Buffer.from(request.body).toString("utf8") || "null");
  } catch {
    throw new GitHubRefusal(400, "Problems parsing JSON");
  }
  if (typeof body !== "object" || body === null) {
    throw new GitHubRefusal(400, "Body should be a JSON object");
  }
  const read = schema.safeParse(body, { reportInput: true });
  if (read.success) return read.data;
  throw validationFailed(
    ...read.error.issues.map((issue) => {
      const isMissing =
        issue.code === "invalid_type" || issue.code === "invalid_union" ? issue.input === undefined : false;
      const field = issue.path.join(".");
      return isMissing
        ? ({ resource, code: "missing_field", field } as const)
        : ({ resource, code: "invalid", field, value: issue.input } as const);
    }),
  );
}

/** @throws {GitHubRefusal} 422 for somebody who cannot be given an issue, or a milestone, of which there are none */
export function checkAssignees({
  assignees,
  assignee,
  milestone,
}: z.infer<typeof NewIssue | typeof ChangedIssue>): string[] | undefined {
  if (milestone !== undefined && milestone !== null) {
    throw validationFailed({ resource: "Issue", code: "invalid", field: "milestone", value: milestone });
  }
  const names = assignees ?? (assignee ? [assignee] : undefined);
  const stranger = names?.find((name) => name !== LOGIN);
  if (stranger === undefined) return names;
  throw validationFailed({ resource: "Issue", code: "invalid", field: "assignees", value: stranger });
}
