import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ensureCertificates } from "../../../../local/azure/front/certificates.ts";
import { type Front, type FrontOptions, startFront } from "../../../../local/azure/front/index.ts";
import type { Service, ServiceRequest } from "../../../../local/azure/service.ts";

let folder: string;
let tls: Awaited<ReturnType<typeof ensureCertificates>>;
let front: Front;
let seen: ServiceRequest | undefined;

const echo: Service = {
  name: "echo",
  async handle(request) {
    seen = request;
    if (request.segments[0] !== "echo" && request.segments[0] !== "subscriptions") return undefined;
    if (request.segments[1] === "fail") throw new Error("the shelf is empty");
    return { status: 200, body: { segments: request.segments, bytes: request.body.length } };
  },
  stats: () => ({ echoes: 2, shared: 1 }),
};
const other: Service = { name: "other", handle: async () => undefined, stats: () => ({ shared: 3 }) };

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "front-"));
  tls = await ensureCertificates(folder, Date.now());
  setDefaultCACertificates([...getCACertificates("default"), await readCa()]);
  return () => rm(folder, { recursive: true });
});

async function readCa(): Promise<string> {
  return readFile(tls.caFile, "utf8");
}

async function start(options: Partial<FrontOptions> = {}): Promise<Front> {
  return startFront({ port: 0, tls, services: [echo, other], ...options });
}

beforeEach(async () => {
  seen = undefined;
  front = await start();
});
afterEach(() => front.stop());

test("a request that comes before all services are there waits for them", async () => {
  const services: Service[] = [];
  const { promise: whenReady, resolve } = Promise.withResolvers<void>();
  const early = await start({ services, whenReady });
  try {
    const answer = fetch(`http://127.0.0.1:${early.port}/echo/soon`);
    // Served after the first has come in: by then that one waits.
    await fetch(`http://127.0.0.1:${early.port}/_stats`);
    services.push(echo);
    resolve();
    expect(await (await answer).json()).toEqual({ segments: ["echo", "soon"], bytes: 0 });
  } finally {
    await early.stop();
  }
});

/** A request whose target is sent as it is given, which fetch would normalise. */
function rawGet(
  target: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      { port: front.port, host: "127.0.0.1", path: target, headers, agent: false },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (chunk) => {
          text += chunk;
        });
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
      },
    );
    sent.on("error", reject).end();
  });
}

describe("one port, two protocols", () => {
  test.each(["http://127.0.0.1", "http://localhost", "https://localhost", "https://127.0.0.1"])(
    "answers over %s",
    async (origin) => {
      const answer = await fetch(`${origin}:${front.port}/echo/a`);
      expect(await answer.json()).toEqual({ segments: ["echo", "a"], bytes: 0 });
      expect(seen?.origin).toBe(`${origin}:${front.port}`);
    },
  );

  test("survives a connection that sends garbage, and one that sends nothing", async () => {
    const sockets = ["\x16garbage\r\n\r\n", "\0\0\0\0", ""].map((bytes) => {
      const socket = connect(front.port, "127.0.0.1", () => socket.end(bytes));
      return new Promise((resolve) => socket.on("error", resolve).on("close", resolve).resume());
    });
    await Promise.all(sockets);
    expect((await fetch(`http://localhost:${front.port}/echo`)).status).toBe(200);
  });

  test("a port in use rejects with the system's error", async () => {
    await expect(start({ port: front.port })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});

describe("a request as the services take it", () => {
  test("collapses the leading slashes that the metrics client sends", async () => {
    await rawGet("//subscriptions/s1?a%2Db=1&%24filter=x%20eq%20'y'");
    expect(seen?.path).toBe("/subscriptions/s1");
    expect(seen?.segments).toEqual(["subscriptions", "s1"]);
    expect(seen?.query.get("a-b")).toBe("1");
    expect(seen?.query.get("$filter")).toBe("x eq 'y'");
  });

  test("decodes each segment after splitting, and keeps the path encoded", async () => {
    await rawGet("/echo/m%2Fx%20y");
    expect(seen?.path).toBe("/echo/m%2Fx%20y");
    expect(seen?.segments).toEqual(["echo", "m/x y"]);
  });

  test("joins repeated headers and lower-cases their names", async () => {
    await fetch(`http://localhost:${front.port}/echo`, {
      headers: [
        ["X-One", "a"],
        ["x-one", "b"],
      ],
    });
    expect(seen?.headers["x-one"]).toBe("a, b");
  });

  test("hands over the bytes of the body", async () => {
    const answer = await fetch(`https://localhost:${front.port}/echo`, {
      method: "POST",
      body: new Uint8Array(3000),
    });
    expect(await answer.json()).toMatchObject({ bytes: 3000 });
  });
});

describe("what never reaches a service", () => {
  test.each([
    { what: "a broken escape", target: "/echo/%zz", headers: {}, status: 400, says: "percent sign" },
    {
      what: "another's host name",
      target: "/echo",
      headers: { host: "evil.example.com" },
      status: 421,
      says: "evil.example.com",
    },
    {
      what: "a host name that only begins like ours",
      target: "/echo",
      headers: { host: "localhost.example.com:7072" },
      status: 421,
      says: "expected localhost",
    },
  ])("refuses $what with $status", async ({ target, headers, status, says }) => {
    const answer = await rawGet(target, headers);
    expect(answer.status).toBe(status);
    expect(JSON.parse(answer.text).error.message).toContain(says);
    expect(seen).toBeUndefined();
  });

  test("refuses a body above the limit with 413", async () => {
    const small = await start({ maxBodyBytes: 10 });
    const answer = await fetch(`http://localhost:${small.port}/echo`, {
      method: "POST",
      body: "12345678901",
    });
    expect(answer.status).toBe(413);
    expect(await answer.json()).toMatchObject({
      error: { code: "RequestEntityTooLarge", message: expect.stringContaining("10 bytes") },
    });
    await small.stop();
  });

  test("answers 404 in the shape of Resource Manager when no service takes it", async () => {
    const answer = await fetch(`http://localhost:${front.port}/nowhere`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({
      error: { code: "NotFound", message: "No simulated service answers GET /nowhere." },
    });
  });

  test("answers 500 with the reason when a service throws, and logs it", async () => {
    const logged: string[] = [];
    const noisy = await start({ log: (_, message) => void logged.push(message) });
    const answer = await fetch(`http://localhost:${noisy.port}/echo/fail`);
    expect(answer.status).toBe(500);
    expect(await answer.json()).toMatchObject({
      error: { code: "InternalServerError", message: expect.stringContaining("the shelf is empty") },
    });
    expect(logged).toEqual(["GET /echo/fail: Error: the shelf is empty"]);
    await noisy.stop();
  });
});

test("/_stats adds up the counts of all services", async () => {
  const answer = await fetch(`http://localhost:${front.port}/_stats`);
  expect(await answer.json()).toEqual({ echoes: 2, shared: 4 });
});

test("stop lets a request under way finish and hangs up idle connections", async () => {
  const [arrived, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const slow: Service = {
    name: "slow",
    async handle() {
      arrived.resolve();
      await released.promise;
      return { status: 200, body: "done" };
    },
  };
  const stopping = await start({ services: [slow] });
  const idle = connect(stopping.port, "127.0.0.1").resume();
  await once(idle, "connect");
  const idleClosed = once(idle, "close");
  const answer = fetch(`http://localhost:${stopping.port}/`);
  await arrived.promise;
  const stopped = stopping.stop();
  released.resolve();
  expect(await (await answer).text()).toBe("done");
  // Both connections would otherwise be kept for longer than a test may take.
  await idleClosed;
  await stopped;
});

describe("certificates", () => {
  test("are kept, so that a client that trusted them once still does", async () => {
    expect((await ensureCertificates(folder, Date.now())).cert).toContain(tls.cert.trim());
  });

  test("are made anew when they are about to end", async () => {
    const own = await mkdtemp(path.join(tmpdir(), "tls-"));
    const nineYearsAgo = Date.now() - 3640 * 86_400_000;
    const old = await ensureCertificates(own, nineYearsAgo);
    expect((await ensureCertificates(own, Date.now())).cert).not.toContain(old.cert);
    await rm(own, { recursive: true });
  });
});
