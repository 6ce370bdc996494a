import type { HttpResponseInit } from "@azure/functions";
import { CONTENT_SECURITY_POLICY } from "../shared/console/page.ts";

/** Pages are made for one reader, now: nobody keeps them, nobody learns where they came from. */
const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": CONTENT_SECURITY_POLICY,
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

export function page(body: string, status = 200): HttpResponseInit {
  return { status, headers: PAGE_HEADERS, body };
}

export function json(value: unknown, status = 200): HttpResponseInit {
  return { status, headers: { "cache-control": "no-store" }, jsonBody: value };
}

/** An error as RFC 9457 has it. */
export function problem(status: number, title: string, detail: string): HttpResponseInit {
  return {
    status,
    headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
    body: JSON.stringify({ type: "about:blank", title, status, detail }),
  };
}
