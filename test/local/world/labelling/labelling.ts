import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { ensureCertificates } from "../../../../local/azure/front/certificates.ts";
import { startFront } from "../../../../local/azure/front/index.ts";
import { ManualClock } from "../../../../local/clock.ts";
import { createLabelling } from "../../../../local/world/labelling/index.ts";

const TRUTHS: Readonly<Record<string, string>> = { "t-1": "billing", "t-2": "repair", "t-3": "billing" };

export const item = (id: string, text: string) => ({
  id,
  date: "2025-03-20",
  text,
  prediction: "repair",
  confidence: 0.41,
});

export const PROJECT = {
  title: "Requests of March",
  column: "text",
  labels: ["billing", "repair"],
  items: [item("t-1", "charged twice"), item("t-2", "it is broken"), item("t-3", "wrong invoice")],
};

/** The labelling queue behind the real front, in `data` or a folder of its own; gone when the test ends. */
export async function startLabelling(data?: string) {
  const folder = data ?? (await mkdtemp(path.join(tmpdir(), "labelling-")));
  if (!data) onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const clock = new ManualClock(Date.UTC(2025, 2, 21, 9));
  const labelling = createLabelling({ data: folder, clock, truthOf: (id) => TRUTHS[id] });
  const tls = await ensureCertificates(path.join(folder, "tls"), Date.now());
  const front = await startFront({ port: 0, tls, services: [labelling.service] });
  let isStopped = false;
  const stop = async () => {
    if (isStopped) return;
    isStopped = true;
    await front.stop();
    await labelling.service.stop?.();
  };
  onTestFinished(stop);
  const origin = `http://127.0.0.1:${front.port}`;

  async function call(method: string, at: string, body?: unknown, headers: Record<string, string> = {}) {
    const answer = await fetch(`${origin}/labelling${at}`, {
      method,
      headers,
      redirect: "manual",
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get("content-type")?.startsWith("application/json");
    return {
      status: answer.status,
      text,
      headers: answer.headers,
      json: isJson ? JSON.parse(text) : undefined,
    };
  }
  return { folder, clock, origin, call, stop };
}
