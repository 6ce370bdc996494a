import * as z from "zod";

const TIMEOUT_MS = 30_000;

const Project = z.object({
  status: z.enum(["InProgress", "Completed"]),
  total: z.int(),
  answered: z.int(),
  page: z.string(),
});
export type Project = z.infer<typeof Project>;

/** The labelling queue, as a data scientist sees it over its API. */
export class Labelling {
  readonly #url: string;

  /** @param url - `https://localhost:7072/labelling` */
  constructor(url: string) {
    this.#url = url;
  }

  async project(name: string): Promise<Project> {
    return Project.parse(JSON.parse(await this.#get(`projects/${encodeURIComponent(name)}`)));
  }

  /** What people answered, as lines of training data. */
  answers(project: string): Promise<string> {
    return this.#get(`projects/${encodeURIComponent(project)}/export`);
  }

  async #get(path: string): Promise<string> {
    const address = `${this.#url}/api/${path}`;
    const answer = await fetch(address, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    const text = await answer.text();
    if (answer.ok) return text;
    throw new Error(`GET ${address} was answered ${answer.status}, expected 200: ${text}`);
  }
}
