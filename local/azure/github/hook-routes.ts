import type { Handler, Names } from "../delivery/routes.ts";
import { paged } from "./answer.ts";
import { NewHook, readBody } from "./bodies.ts";
import { type Hook, type HookDelivery, hookShape } from "./hooks.ts";
import type { GitHubContext } from "./index.ts";
import { notFound } from "./refusal.ts";
import type { Repository } from "./repository.ts";
import { timeOf } from "./shapes.ts";

/** Webhooks, and how their deliveries went. */
export function hookRoutes(context: GitHubContext): Record<string, Handler> {
  const { hooks } = context;

  function hookAt(names: Names): { repository: Repository; hook: Hook } {
    const repository = context.repository(names);
    const hook = hooks.get(repository, Number(names.id));
    if (!hook) throw notFound();
    return { repository, hook };
  }

  return {
    "POST /repos/:owner/:repo/hooks": (request, names) => {
      const repository = context.repository(names);
      const hook = hooks.add(repository, readBody(request, NewHook, "Hook"));
      const { url } = context.shapes(request.origin, repository);
      const body = hookShape(hook, url);
      hooks.raise(repository, "ping", { zen: "Design for failure.", hook_id: hook.id, hook: body }, hook);
      return { status: 201, headers: { location: body.url }, body };
    },
    "GET /repos/:owner/:repo/hooks": (request, names) => {
      const repository = context.repository(names);
      const { url } = context.shapes(request.origin, repository);
      return paged(
        request,
        hooks.all(repository).map((hook) => hookShape(hook, url)),
      );
    },
    "GET /repos/:owner/:repo/hooks/:id(\\d+)": (request, names) => {
      const { repository, hook } = hookAt(names);
      return { status: 200, body: hookShape(hook, context.shapes(request.origin, repository).url) };
    },
    "DELETE /repos/:owner/:repo/hooks/:id(\\d+)": (_request, names) => {
      hooks.delete(hookAt(names).hook);
      return { status: 204 };
    },
    "GET /repos/:owner/:repo/hooks/:id(\\d+)/deliveries": (request, names) => {
      const { repository, hook } = hookAt(names);
      return paged(request, hooks.deliveriesOf(repository, hook.id).map(deliveryShape));
    },
  };
}

function deliveryShape({ id, guid, event, action, deliveredAt, statusCode }: HookDelivery) {
  return {
    id,
    guid,
    delivered_at: timeOf(deliveredAt),
    redelivery: false,
    duration: 0,
    status:
      statusCode === 0 ? "failed to connect to host" : statusCode < 300 ? "OK" : "Invalid HTTP Response",
    status_code: statusCode,
    event,
    action,
    installation_id: null,
    repository_id: null,
    throttled_at: null,
  };
}
