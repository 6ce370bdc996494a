import http, { type IncomingMessage, type ServerResponse } from "node:http";
import { HostStartError } from "../errors.ts";

export interface Listener {
  readonly port: number;
  /** Takes no new request, lets running ones end, at most `graceMs`, and closes. */
  close(graceMs: number): Promise<void>;
}

/**
 * Listens on loopback.
 *
 * @param port - 0 for any free one
 * @throws {HostStartError} when the port is taken
 */
export async function listen(
  port: number,
  handle: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Promise<Listener> {
  const server = http.createServer(
    { requestTimeout: 0 },
    (request, response) => void handle(request, response),
  );
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject);
  server.listen(port, "127.0.0.1", resolve);
  try {
    await promise;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const reason = code === "EADDRINUSE" ? "is already in use" : `cannot be opened: ${String(error)}`;
    throw new HostStartError(`Port ${port} ${reason}. Choose another with --port.`, { cause: error });
  }
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close(graceMs) {
      const { promise: closed, resolve: done } = Promise.withResolvers<void>();
      const timer = setTimeout(() => server.closeAllConnections(), graceMs);
      server.close(() => {
        clearTimeout(timer);
        done();
      });
      server.closeIdleConnections();
      return closed;
    },
  };
}
