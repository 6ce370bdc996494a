import * as z from "zod";
import type { Clock } from "../../clock.ts";
import type { Announcer, Asker, ImageTarget } from "./announcer.ts";
import { disallowed, invalid, manifestUnknown, nameUnknown } from "./refusal.ts";
import { type Attributes, digestOf, type Manifest, type RegistryStore, UNLOCKED } from "./store.ts";

/** 4 MiB, the most that a manifest may have. */
const MOST_MANIFEST_BYTES = 4 * 1024 * 1024;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

const Descriptor = z.looseObject({ digest: z.string(), mediaType: z.string().optional() });
const ManifestBody = z.looseObject({
  schemaVersion: z.literal(2),
  config: Descriptor.optional(),
  layers: z.array(Descriptor).optional(),
  manifests: z.array(Descriptor).optional(),
});

export interface ImagesOptions {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly announcer: Announcer;
  readonly isQuarantineEnabled: () => boolean;
}

/** Pushes, pulls, deletes and locks of images, and the quarantine that stands between a push and a pull. */
export class Images {
  readonly #options: ImagesOptions;

  constructor(options: ImagesOptions) {
    this.#options = options;
  }

  /** @throws {RegistryRefusal} 400 for a manifest that does not hold, 405 when the tag or image is locked */
  push(repository: string, reference: string, mediaType: string, bytes: Buffer, asker: Asker): string {
    const { store, announcer, isQuarantineEnabled } = this.#options;
    const digest = digestOf(bytes);
    const tag = DIGEST.test(reference) ? undefined : reference;
    if (tag === undefined && reference !== digest) {
      throw invalid("DIGEST_INVALID", "provided digest did not match uploaded content", { digest });
    }
    if (tag !== undefined && !TAG.test(tag))
      throw invalid("TAG_INVALID", `manifest tag '${tag}' is not valid`);
    this.#check(repository, bytes);
    const existing = store.manifest(repository, digest);
    const locks = [
      store.repository(repository),
      existing,
      tag === undefined ? undefined : store.tag(repository, tag),
    ];
    if (locks.some((lock) => lock?.attributes.writeEnabled === false)) throw disallowed();
    const now = this.#now();
    const isQuarantined = isQuarantineEnabled() && existing?.attributes.quarantineState !== "Passed";
    const attributes: Attributes = isQuarantined ? { ...UNLOCKED, quarantineState: "Quarantined" } : UNLOCKED;
    store.transaction(() => {
      store.putManifest({ repository, digest, mediaType, bytes, attributes }, now, attributes);
      if (tag !== undefined) store.putTag(repository, tag, digest, now);
      store.count("imagesPushed");
    });
    const target = { repository, digest, mediaType, size: bytes.byteLength, tag };
    announcer.quarantined(target, asker);
    if (!isQuarantined) announcer.pushed(target, asker);
    return digest;
  }

  /** @throws {RegistryRefusal} 404, or 405 when reading is locked or the image is in quarantine */
  pull(repository: string, reference: string): Manifest {
    const { store } = this.#options;
    const isByTag = !DIGEST.test(reference);
    const tag = isByTag ? store.tag(repository, reference) : undefined;
    const manifest = store.manifest(repository, tag?.digest ?? reference);
    if (!manifest) throw manifestUnknown(reference);
    const { quarantineState, readEnabled } = manifest.attributes;
    if (quarantineState === "Quarantined" || quarantineState === "Failed") {
      throw isByTag ? manifestUnknown(reference) : disallowed();
    }
    const isLocked = store.repository(repository)?.attributes.readEnabled === false;
    if (!readEnabled || isLocked || tag?.attributes.readEnabled === false) throw disallowed();
    return manifest;
  }

  /** @throws {RegistryRefusal} 404, or 405 when deleting or writing is locked */
  delete(repository: string, digest: string, asker: Asker): void {
    const { store, announcer } = this.#options;
    if (!DIGEST.test(digest)) throw invalid("UNSUPPORTED", "An image is deleted by its digest.", { digest });
    const manifest = store.manifest(repository, digest);
    if (!manifest) throw manifestUnknown(digest);
    const tags = store.tags(repository).filter((tag) => tag.digest === digest);
    if ([manifest, ...tags, store.repository(repository)].some(isKept)) throw disallowed();
    store.transaction(() => {
      store.deleteManifest(repository, digest);
      store.count("imagesDeleted");
    });
    announcer.deleted(targetOf(manifest), asker);
  }

  deleteTag(repository: string, name: string): void {
    const { store } = this.#options;
    const tag = store.tag(repository, name);
    if (!tag) throw manifestUnknown(name);
    if (isKept(tag)) throw disallowed();
    store.deleteTag(repository, name);
  }

  deleteRepository(name: string, asker: Asker): { manifestsDeleted: string[]; tagsDeleted: string[] } {
    const { store, announcer } = this.#options;
    const repository = store.repository(name);
    if (!repository) throw nameUnknown(name);
    const manifests = store.manifests(name);
    const tags = store.tags(name);
    if ([repository, ...manifests, ...tags].some(isKept)) throw disallowed();
    store.transaction(() => {
      store.deleteRepository(name);
      for (const _ of manifests) store.count("imagesDeleted");
    });
    for (const manifest of manifests) announcer.deleted(targetOf(manifest), asker);
    return {
      manifestsDeleted: manifests.map(({ digest }) => digest),
      tagsDeleted: tags.map((tag) => tag.name),
    };
  }

  /** A scanner's verdict: once an image has passed, it can be pulled and its push is announced. */
  judge(
    manifest: Manifest,
    state: "Passed" | "Failed",
    details: string | undefined,
    asker: Asker,
  ): Attributes {
    const { store, announcer } = this.#options;
    const { repository, digest, attributes } = manifest;
    const judged: Attributes = {
      ...attributes,
      quarantineState: state,
      ...(details !== undefined && { quarantineDetails: details }),
    };
    store.setAttributes({ repository, digest }, judged, this.#now());
    const isReleased = attributes.quarantineState === "Quarantined" && state === "Passed";
    if (isReleased) {
      const tag = store.tags(repository).find((one) => one.digest === digest)?.name;
      announcer.pushed({ ...targetOf(manifest), tag }, asker);
    }
    return judged;
  }

  #check(repository: string, bytes: Buffer): void {
    if (bytes.byteLength > MOST_MANIFEST_BYTES) {
      throw invalid(
        "MANIFEST_INVALID",
        `manifest has ${bytes.byteLength} bytes, expected at most ${MOST_MANIFEST_BYTES}`,
      );
    }
    const read = ManifestBody.safeParse(parsed(bytes));
    if (!read.success) {
      const [issue] = read.error.issues;
      throw invalid("MANIFEST_INVALID", "manifest invalid", {
        field: issue?.path.join("."),
        reason: issue?.message,
      });
    }
    const { config, layers = [], manifests = [] } = read.data;
    const { store } = this.#options;
    for (const { digest } of config ? [config, ...layers] : layers) {
      if (!store.blob(repository, digest)) {
        throw invalid("MANIFEST_BLOB_UNKNOWN", "blob unknown to registry", { digest });
      }
    }
    for (const { digest } of manifests) {
      if (!store.manifest(repository, digest)) {
        throw invalid("MANIFEST_BLOB_UNKNOWN", "manifest unknown to registry", { digest });
      }
    }
  }

  #now = () => new Date(this.#options.clock.now()).toISOString();
}

const isKept = (one: { attributes: Attributes } | undefined) =>
  one !== undefined && !(one.attributes.deleteEnabled && one.attributes.writeEnabled);

function targetOf({ repository, digest, mediaType, bytes }: Manifest): ImageTarget {
  return { repository, digest, mediaType, size: bytes.byteLength };
}

export function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
