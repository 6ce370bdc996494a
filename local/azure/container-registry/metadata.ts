import * as z from "zod";
import type { Clock } from "../../clock.ts";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import type { Asker } from "./announcer.ts";
import { type Images, parsed } from "./images.ts";
import { invalid, manifestUnknown, nameUnknown, RegistryRefusal } from "./refusal.ts";
import type { Attributes, Manifest, RegistryStore, Repository, Tag, Target } from "./store.ts";
import type { Scope, Tokens } from "./tokens.ts";

const PAGE = 100;
const Locks = z.strictObject({
  deleteEnabled: z.boolean().optional(),
  writeEnabled: z.boolean().optional(),
  listEnabled: z.boolean().optional(),
  readEnabled: z.boolean().optional(),
});
const Verdict = z.strictObject({
  quarantineState: z.enum(["Passed", "Failed"]),
  quarantineDetails: z.string().optional(),
});

export interface MetadataOptions {
  readonly store: RegistryStore;
  readonly images: Images;
  readonly tokens: Tokens;
  readonly clock: Clock;
}

/** `/acr/v1`: what the registry knows about repositories, images and tags, and the locks on them. */
export class Metadata {
  readonly #options: MetadataOptions;

  constructor(options: MetadataOptions) {
    this.#options = options;
  }

  async handle(request: ServiceRequest, asker: Asker): Promise<ServiceAnswer> {
    const path = request.segments.slice(2).join("/");
    if (path === "_catalog") {
      await this.#demand(request, { type: "registry", name: "catalog", actions: ["*"] });
      return this.#catalog(request);
    }
    const [, name = "", kind, reference] = /^(.+?)(?:\/(_manifests|_tags)(?:\/(.+))?)?$/.exec(path) ?? [];
    await this.#demand(request, { type: "repository", name, actions: neededFor(request) });
    const repository = this.#options.store.repository(name);
    if (!repository) throw nameUnknown(name);
    if (kind === undefined) return this.#onRepository(request, repository, asker);
    if (reference === undefined) return this.#list(request, name, kind);
    if (kind === "_tags") return this.#onTag(request, name, reference);
    return this.#onManifest(request, name, reference, asker);
  }

  #demand(request: ServiceRequest, scope: Scope): Promise<void> {
    return this.#options.tokens.demand(request, scope);
  }

  #catalog(request: ServiceRequest): ServiceAnswer {
    const listed = this.#options.store.repositories().filter(({ attributes }) => attributes.listEnabled);
    const { page, headers } = pageOf(request, listed, ({ name }) => name);
    return { status: 200, headers, body: { repositories: page.map(({ name }) => name) } };
  }

  #onRepository(request: ServiceRequest, repository: Repository, asker: Asker): ServiceAnswer {
    const { store, images } = this.#options;
    const { name, createdTime, lastUpdateTime, attributes } = repository;
    if (request.method === "DELETE") return { status: 202, body: images.deleteRepository(name, asker) };
    if (request.method === "PATCH") this.#lock(request, { repository: name }, attributes);
    else if (request.method !== "GET") throw unsupported();
    return {
      status: 200,
      body: {
        registry: asker.host,
        imageName: name,
        createdTime,
        lastUpdateTime,
        manifestCount: store.manifests(name).length,
        tagCount: store.tags(name).length,
        changeableAttributes: store.repository(name)?.attributes,
      },
    };
  }

  #list(request: ServiceRequest, name: string, kind: string): ServiceAnswer {
    if (request.method !== "GET") throw unsupported();
    const { store } = this.#options;
    const head = { registry: new URL(request.origin).host, imageName: name };
    const isListed = ({ attributes }: { attributes: Attributes }) => attributes.listEnabled;
    if (kind === "_tags") {
      const wanted = request.query.get("digest");
      const tags = store
        .tags(name)
        .filter((tag) => isListed(tag) && (wanted === null || tag.digest === wanted));
      const { page, headers } = pageOf(request, ordered(request, tags), (tag) => tag.name);
      return { status: 200, headers, body: { ...head, tags: page.map(tagDocument) } };
    }
    const manifests = ordered(request, store.manifests(name).filter(isListed));
    const { page, headers } = pageOf(request, manifests, ({ digest }) => digest);
    return { status: 200, headers, body: { ...head, manifests: page.map((one) => this.#document(one)) } };
  }

  #onTag(request: ServiceRequest, repository: string, name: string): ServiceAnswer {
    const { store, images } = this.#options;
    if (request.method === "DELETE") {
      images.deleteTag(repository, name);
      return { status: 202 };
    }
    const tag = store.tag(repository, name);
    if (!tag) throw manifestUnknown(name);
    if (request.method === "PATCH") this.#lock(request, { repository, tag: name }, tag.attributes);
    else if (request.method !== "GET") throw unsupported();
    const shown = store.tag(repository, name) ?? tag;
    const head = { registry: new URL(request.origin).host, imageName: repository };
    return { status: 200, body: { ...head, tag: tagDocument(shown) } };
  }

  #onManifest(request: ServiceRequest, repository: string, digest: string, asker: Asker): ServiceAnswer {
    const { store, images } = this.#options;
    const manifest = store.manifest(repository, digest);
    if (!manifest) throw manifestUnknown(digest);
    if (request.method === "PATCH") {
      const verdict = Verdict.safeParse(parsed(Buffer.from(request.body)));
      if (verdict.success) {
        images.judge(manifest, verdict.data.quarantineState, verdict.data.quarantineDetails, asker);
      } else this.#lock(request, { repository, digest }, manifest.attributes);
    } else if (request.method !== "GET") throw unsupported();
    const shown = store.manifest(repository, digest) ?? manifest;
    const head = { registry: new URL(request.origin).host, imageName: repository };
    return { status: 200, body: { ...head, manifest: this.#document(shown) } };
  }

  #lock(request: ServiceRequest, target: Target, attributes: Attributes): void {
    const read = Locks.safeParse(parsed(Buffer.from(request.body)));
    if (!read.success) {
      const [issue] = read.error.issues;
      throw invalid(
        "INVALID_REQUEST",
        `The field '${issue?.path.join(".") ?? ""}' is invalid: ${issue?.message}.`,
      );
    }
    const given = Object.entries(read.data).filter(([, value]) => value !== undefined);
    const now = new Date(this.#options.clock.now()).toISOString();
    this.#options.store.setAttributes(target, { ...attributes, ...Object.fromEntries(given) }, now);
  }

  #document(manifest: Manifest) {
    const { repository, digest, mediaType, bytes, createdTime, lastUpdateTime, attributes } = manifest;
    const { store } = this.#options;
    const body = Sizes.parse(parsed(bytes));
    const config = body.config && store.blob(repository, body.config.digest);
    const platform = Platform.catch({}).parse(config ? parsed(Buffer.from(config)) : {});
    const parts = [...(body.config ? [body.config] : []), ...(body.layers ?? [])];
    const tags = store.tags(repository).filter((tag) => tag.digest === digest);
    return {
      digest,
      imageSize: parts.reduce((sum, { size }) => sum + (size ?? 0), bytes.byteLength),
      createdTime,
      lastUpdateTime,
      ...platform,
      mediaType,
      ...(body.config?.mediaType && { configMediaType: body.config.mediaType }),
      ...(tags.length > 0 && { tags: tags.map(({ name }) => name) }),
      changeableAttributes: attributes,
    };
  }
}

const Part = z.object({ digest: z.string(), size: z.number().optional(), mediaType: z.string().optional() });
const Sizes = z.object({ config: Part.optional(), layers: z.array(Part).optional() });
const Platform = z.object({ architecture: z.string().optional(), os: z.string().optional() });

/** A verdict on a quarantined image is a writer's; any other change is one of metadata. */
function neededFor({ method, body }: ServiceRequest): string[] {
  if (method === "DELETE") return ["delete"];
  if (method !== "PATCH") return ["metadata_read"];
  const isVerdict = Verdict.safeParse(parsed(Buffer.from(body))).success;
  return isVerdict ? ["pull", "push"] : ["metadata_write"];
}

const unsupported = () => new RegistryRefusal(405, "UNSUPPORTED", "The operation is unsupported.");

function tagDocument({ name, digest, createdTime, lastUpdateTime, attributes }: Tag) {
  return { name, digest, createdTime, lastUpdateTime, signed: false, changeableAttributes: attributes };
}

function ordered<T extends { lastUpdateTime: string }>({ query }: ServiceRequest, items: readonly T[]): T[] {
  const order = query.get("orderby") ?? "";
  if (order === "" || order === "none") return [...items];
  if (order !== "timedesc" && order !== "timeasc") {
    throw invalid("INVALID_REQUEST", `The orderby is '${order}', expected timedesc or timeasc.`);
  }
  const sign = order === "timedesc" ? -1 : 1;
  return items.toSorted((a, b) => sign * a.lastUpdateTime.localeCompare(b.lastUpdateTime));
}

/** A page begins after the item that `last` names; the Link header leads to the next one. */
function pageOf<T>({ path, query }: ServiceRequest, items: readonly T[], keyOf: (item: T) => string) {
  const last = query.get("last");
  const begin = last === null ? 0 : items.findIndex((item) => keyOf(item) === last) + 1;
  const n = Number(query.get("n") ?? PAGE);
  if (!Number.isInteger(n) || n < 1)
    throw invalid("PAGINATION_NUMBER_INVALID", "invalid number of results requested");
  const page = items.slice(begin, begin + n);
  const final = page.at(-1);
  if (final === undefined || begin + n >= items.length) return { page, headers: {} };
  const next = new URLSearchParams(query);
  next.set("last", keyOf(final));
  next.set("n", String(n));
  return { page, headers: { link: `<${path}?${next}>; rel="next"` } };
}
