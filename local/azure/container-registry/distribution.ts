import { randomUUID } from "node:crypto";
import type { ServiceAnswer, ServiceRequest } from "../service.ts";
import type { Asker } from "./announcer.ts";
import type { Images } from "./images.ts";
import { disallowed, invalid, RegistryRefusal } from "./refusal.ts";
import { digestOf, type RegistryStore } from "./store.ts";
import type { Tokens } from "./tokens.ts";

export interface DistributionOptions {
  readonly store: RegistryStore;
  readonly images: Images;
  readonly tokens: Tokens;
}

const NEEDED: Readonly<Record<string, readonly string[]>> = {
  GET: ["pull"],
  HEAD: ["pull"],
  DELETE: ["delete"],
};

/** `/v2`: the OCI distribution API. */
export class Distribution {
  readonly #options: DistributionOptions;

  constructor(options: DistributionOptions) {
    this.#options = options;
  }

  async handle(request: ServiceRequest, asker: Asker): Promise<ServiceAnswer> {
    const { method, segments } = request;
    const path = segments.slice(1).join("/");
    const { tokens } = this.#options;
    if (path === "") {
      await tokens.demand(request, { type: "registry", name: "catalog", actions: ["*"] });
      return { status: 200, headers: { "docker-distribution-api-version": "registry/2.0" }, body: {} };
    }
    const [, name, kind, reference = ""] = /^(.+?)\/(manifests|blobs)\/(.+)$/.exec(path) ?? [];
    if (name === undefined || kind === undefined) {
      throw new RegistryRefusal(404, "NOT_FOUND", `'${path}' is nothing that this registry answers for.`);
    }
    const actions = NEEDED[method] ?? ["pull", "push"];
    const isUpload = kind === "blobs" && reference.startsWith("uploads");
    await tokens.demand(request, {
      type: "repository",
      name,
      actions: isUpload ? ["pull", "push"] : actions,
    });
    if (isUpload) return this.#onUpload(request, name, reference.split("/")[1]);
    return kind === "blobs"
      ? this.#onBlob(request, name, reference)
      : this.#onManifest(request, name, reference, asker);
  }

  #onManifest(request: ServiceRequest, name: string, reference: string, asker: Asker): ServiceAnswer {
    const { images } = this.#options;
    const { method, headers, body } = request;
    if (method === "PUT") {
      const mediaType = headers["content-type"] ?? "application/vnd.docker.distribution.manifest.v2+json";
      const digest = images.push(name, reference, mediaType, Buffer.from(body), asker);
      const location = `/v2/${name}/manifests/${digest}`;
      return { status: 201, headers: { "docker-content-digest": digest, location } };
    }
    if (method === "DELETE") {
      images.delete(name, reference, asker);
      return { status: 202 };
    }
    if (method !== "GET" && method !== "HEAD") throw unsupported();
    const { digest, mediaType, bytes } = images.pull(name, reference);
    return {
      status: 200,
      headers: {
        "content-type": mediaType,
        "content-length": String(bytes.byteLength),
        "docker-content-digest": digest,
        etag: `"${digest}"`,
      },
      body: bytes,
    };
  }

  #onBlob({ method, headers }: ServiceRequest, name: string, digest: string): ServiceAnswer {
    const { store } = this.#options;
    const bytes = store.blob(name, digest);
    if (!bytes)
      throw new RegistryRefusal(404, "BLOB_UNKNOWN", "blob unknown to registry", { detail: digest });
    if (method === "DELETE") {
      store.deleteBlob(name, digest);
      return { status: 202, headers: { "docker-content-digest": digest } };
    }
    if (method !== "GET" && method !== "HEAD") throw unsupported();
    if (store.repository(name)?.attributes.readEnabled === false) throw disallowed();
    const common = { "content-type": "application/octet-stream", "docker-content-digest": digest };
    // The SDK resumes a download with a bare `N-`, the specification has `bytes=N-`.
    const [, from] = /^(?:bytes=)?(\d+)-$/.exec(headers.range ?? "") ?? [];
    if (from === undefined) {
      return { status: 200, headers: { ...common, "content-length": String(bytes.byteLength) }, body: bytes };
    }
    const rest = bytes.subarray(Number(from));
    const range = `bytes ${from}-${bytes.byteLength - 1}/${bytes.byteLength}`;
    return {
      status: 206,
      headers: { ...common, "content-length": String(rest.byteLength), "content-range": range },
      body: rest,
    };
  }

  #onUpload({ method, query, body }: ServiceRequest, name: string, id: string | undefined): ServiceAnswer {
    const { store } = this.#options;
    if (id === undefined) {
      if (method !== "POST") throw unsupported();
      if (query.has("mount")) return this.#mount(name, query);
      const made = randomUUID();
      store.putUpload(made, name, Buffer.alloc(0));
      return progress(name, made, 0);
    }
    const upload = store.upload(id);
    if (!upload || upload.repository !== name) {
      throw new RegistryRefusal(404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry", {
        detail: id,
      });
    }
    if (method === "GET") return { ...progress(name, id, upload.bytes.byteLength), status: 204 };
    if (method === "DELETE") {
      store.deleteUpload(id);
      return { status: 204 };
    }
    const bytes = Buffer.concat([upload.bytes, body]);
    if (method === "PATCH") {
      store.putUpload(id, name, bytes);
      return progress(name, id, bytes.byteLength);
    }
    if (method !== "PUT") throw unsupported();
    return this.#complete(name, id, bytes, query.get("digest") ?? "");
  }

  #complete(name: string, id: string, bytes: Buffer, wanted: string): ServiceAnswer {
    const { store } = this.#options;
    const digest = digestOf(bytes);
    if (wanted !== digest) {
      throw invalid("DIGEST_INVALID", "provided digest did not match uploaded content", { digest: wanted });
    }
    store.transaction(() => {
      store.putBlob(name, digest, bytes);
      store.deleteUpload(id);
    });
    return created(name, digest);
  }

  /** A layer that another repository has already need not be sent again. */
  #mount(name: string, query: URLSearchParams): ServiceAnswer {
    const { store } = this.#options;
    const digest = query.get("mount") ?? "";
    const bytes = store.blob(query.get("from") ?? "", digest);
    if (!bytes)
      throw new RegistryRefusal(404, "BLOB_UNKNOWN", "blob unknown to registry", { detail: digest });
    store.putBlob(name, digest, bytes);
    return created(name, digest);
  }
}

const unsupported = () => new RegistryRefusal(405, "UNSUPPORTED", "The operation is unsupported.");

function progress(name: string, id: string, size: number): ServiceAnswer {
  return {
    status: 202,
    headers: {
      location: `/v2/${name}/blobs/uploads/${id}?_nouploadcache=false&_state=${id}`,
      range: `0-${Math.max(0, size - 1)}`,
      "docker-upload-uuid": id,
      "content-length": "0",
    },
  };
}

function created(name: string, digest: string): ServiceAnswer {
  return {
    status: 201,
    headers: {
      location: `/v2/${name}/blobs/${digest}`,
      "docker-content-digest": digest,
      "content-length": "0",
    },
  };
}
