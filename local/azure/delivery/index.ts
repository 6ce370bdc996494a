import * as z from "zod";
import { type Clock, systemClock } from "../../clock.ts";
import { createDevOps } from "../devops/index.ts";
import { PROJECT } from "../devops/organization.ts";
import { stylesheet } from "../front/page.ts";
import { createGitHub } from "../github/index.ts";
import { scopeOf } from "../github/repository.ts";
import type { Service, ServiceAnswer, ServiceRequest } from "../service.ts";
import { deliveryPage, type Overview, STYLE, STYLE_PATH } from "./pages.ts";
import type { RunTimes } from "./runs.ts";
import { DeliveryStore } from "./store.ts";

export interface DeliveryOptions {
  /** Folder of its SQLite file. */
  readonly data: string;
  readonly authenticate: (headers: Readonly<Record<string, string>>) => boolean;
  /** `https://localhost:PORT`, of the addresses in webhooks. */
  readonly origin: () => string;
  readonly clock?: Clock;
  readonly times?: RunTimes;
}

export interface Delivery {
  readonly service: Service;
  /** `Authorization: Bearer` of GitHub's API, at `/github-api`. */
  readonly githubToken: string;
  /** Personal access token of Azure DevOps. */
  readonly devOpsToken: string;
}

const TIMES: RunTimes = { queuedMs: 2_000, runningMs: 20_000 };

/** What a demonstration may do in a person's or a runner's place. */
const Act = z.union([
  z.object({ system: z.literal("github"), repository: z.string(), close: z.coerce.number().int() }),
  z.object({ system: z.literal("devops"), close: z.coerce.number().int() }),
  z.object({
    system: z.enum(["github", "devops"]),
    scope: z.string(),
    run: z.coerce.number().int(),
    conclude: z.enum(["success", "failure", "cancelled"]),
  }),
]);
type Act = z.infer<typeof Act>;

/** GitHub and Azure DevOps: what the product opens there, and a page that shows it and lets somebody else act. */
export function createDelivery({
  data,
  authenticate,
  origin,
  clock = systemClock,
  times = TIMES,
}: DeliveryOptions): Delivery {
  const store = new DeliveryStore(data);
  const github = createGitHub({ store, clock, times, origin });
  const devOps = createDevOps({ store, clock, times, authenticate });

  function overview(): Overview {
    return {
      repositories: github.repositories.map((repository) => ({
        repository,
        issues: github.issues.all(repository).map((issue) => ({
          issue,
          comments: github.issues.commentsOf(repository, issue.number),
        })),
        runs: github.runs.of(scopeOf(repository)),
      })),
      workItems: devOps.workItems
        .all()
        .map((item) => ({ item, comments: devOps.workItems.commentsOf(item.id) })),
      pipelineRuns: devOps.runs.of(PROJECT.name),
    };
  }

  function act(asked: Act): boolean {
    if ("conclude" in asked) {
      const runs = asked.system === "github" ? github.runs : devOps.runs;
      return runs.conclude(asked.scope, asked.run, asked.conclude) !== undefined;
    }
    if (asked.system === "github") {
      const repository = github.repositories.find((one) => scopeOf(one) === asked.repository);
      return repository !== undefined && github.close(repository, asked.close);
    }
    const item = devOps.workItems.get(asked.close);
    if (!item || item.fields["System.State"] === "Closed") return false;
    devOps.workItems.update(item, [{ op: "replace", path: "/fields/System.State", value: "Closed" }]);
    return true;
  }

  function post(request: ServiceRequest): ServiceAnswer {
    const from = request.headers.origin;
    if (from !== undefined && from !== request.origin) {
      return refusal(403, "Forbidden", `The form was sent by '${from}', expected '${request.origin}'.`);
    }
    const isForm = request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") ?? false;
    const read = Act.safeParse(isForm ? Object.fromEntries(formOf(request)) : jsonOf(request));
    if (!read.success) {
      const expected =
        '{"system":"github","repository":"owner/name","close":1}, {"system":"devops","close":1} or ' +
        '{"system":"github"|"devops","scope":"…","run":1,"conclude":"success"|"failure"|"cancelled"}';
      return refusal(400, "BadRequest", `The body is none that this takes, expected ${expected}.`);
    }
    const isDone = act(read.data);
    // A second press of a button finds the work done, and the page shows that.
    if (isForm) return { status: 303, headers: { location: "/delivery" } };
    return isDone ? { status: 204 } : refusal(409, "Conflict", "There is no such thing that is still open.");
  }

  async function handle(request: ServiceRequest): Promise<ServiceAnswer | undefined> {
    const { method, path } = request;
    if (path === "/_delivery") {
      if (method === "POST") return post(request);
      return { status: 200, body: overview() };
    }
    if (path === STYLE_PATH) return stylesheet(STYLE);
    // The addresses that both systems give of their own pages lead to the one page there is.
    const isPage = /^\/(github|outerloop)\//.test(path) && !/\/_apis\//i.test(path);
    if (method === "GET" && (path === "/delivery" || isPage)) return deliveryPage(overview());
    return (await github.handle(request)) ?? devOps.handle(request);
  }

  return {
    service: {
      name: "delivery",
      handle,
      stats: () => ({
        issuesOpened: github.repositories.flatMap((repository) => github.issues.all(repository)).length,
        workItemsOpened: devOps.workItems.all().length,
      }),
      async stop() {
        devOps.stop();
        await github.stop();
        store.close();
      },
    },
    githubToken: github.token,
    devOpsToken: devOps.token,
  };
}

function formOf({ body }: ServiceRequest): URLSearchParams {
  return new URLSearchParams(Buffer.from(body).toString("utf8"));
}

function jsonOf({ body }: ServiceRequest): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    return undefined;
  }
}

function refusal(status: number, code: string, message: string): ServiceAnswer {
  return { status, body: { error: { code, message } } };
}
