import * as z from "zod";

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

/** Where a webhook may lead: whatever it is told, the stand-in never sends anything off this machine. */
export const LoopbackUrl = z
  .url({ protocol: /^https?$/ })
  .refine(
    (url) => LOOPBACK.has(URL.parse(url)?.hostname ?? ""),
    "must be on localhost, 127.0.0.1 or [::1]: the stand-in sends nothing off this machine",
  );
