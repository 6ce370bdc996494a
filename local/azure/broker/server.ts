/** The AMQP server: plain TCP on the loopback interfaces, one rhea connection for each socket. */
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import rhea, { type Container, type EventContext, type Receiver, type Sender } from "rhea";
import { BrokerError } from "./errors.ts";
import type { Links } from "./links.ts";
import type { Log } from "./log.ts";
import { receiveBytes } from "./rhea-internals.ts";

/** The broker cannot listen where it was told to. */
/** How every TLS connection begins. */
const TLS_HELLO = /Invalid protocol header for AMQP: 1603/;
const TLS_ADVICE =
  "A client speaks TLS, expected plain AMQP: write UseDevelopmentEmulator=true into its connection string. The " +
  "administration client always speaks HTTPS and is not served: entities come from the configuration";

export class BrokerPortError extends BrokerError {
  override name = "BrokerPortError";

  constructor(port: number, cause: unknown) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
    super(
      `The AMQP broker cannot listen on port ${port} of localhost (${reason}). ` +
        "Stop what uses the port, or give the broker another one; 0 takes a free one.",
      { port },
      { cause },
    );
  }
}

/** Every link of a connection closes with it, and rhea reports only the end of the connection. */
const CLOSE = { sender: "sender_close", receiver: "receiver_close" } as const;

const CONNECTION_OPTIONS = {
  max_frame_size: 65_536,
  // Settling is up to the queues, and a modified outcome is more than a release.
  sender_options: { treat_modified_as_released: false, autosettle: false },
  receiver_options: { autoaccept: false, autosettle: false, credit_window: 0 },
} as const;

export class AmqpServer {
  readonly #container: Container;
  readonly #links: Links;
  readonly #log: Log;
  readonly #sockets = new Set<Socket>();
  readonly #servers: Server[] = [];

  constructor(links: Links, log: Log) {
    this.#links = links;
    this.#log = log;
    this.#container = rhea.create_container({ id: "outerloop-broker" });
    for (const event of ["error", "connection_error", "session_error", "protocol_error"]) {
      this.#container.on(event, (problem: unknown) => {
        const reason = describe(problem);
        log("warn", `AMQP ${event}: ${reason}${TLS_HELLO.test(reason) ? `. ${TLS_ADVICE}` : ""}`);
      });
    }
  }

  get connections(): number {
    return this.#sockets.size;
  }

  /** Listens on 127.0.0.1, and on ::1 where there is one: `localhost` may mean either. @returns the port */
  async listen(port: number): Promise<number> {
    const server = await this.#bind(port, "127.0.0.1");
    const address = server.address();
    const bound = typeof address === "object" && address !== null ? address.port : port;
    try {
      await this.#bind(bound, "::1");
    } catch (error) {
      if (port !== 0 && error instanceof BrokerPortError && isInUse(error.cause)) throw error;
      this.#log("info", `The broker listens on 127.0.0.1 only: ${describe(error)}`);
    }
    return bound;
  }

  /** Cuts every connection, as a network failure would. */
  dropConnections(): void {
    // rhea notices an error, but not a quiet destroy.
    for (const socket of this.#sockets) socket.destroy(new Error("connection dropped"));
  }

  async close(): Promise<void> {
    const closed = this.#servers.map((server) => once(server, "close"));
    for (const server of this.#servers) server.close();
    this.dropConnections();
    await Promise.all(closed);
  }

  async #bind(port: number, host: string): Promise<Server> {
    const server = createServer((socket) => this.#accept(socket));
    server.listen({ port, host });
    try {
      await once(server, "listening");
    } catch (error) {
      throw new BrokerPortError(port, error);
    }
    this.#servers.push(server);
    return server;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.setNoDelay(true);
    const connection = this.#container.create_connection({ ...CONNECTION_OPTIONS, port: 0 });
    const open = new Set<Sender | Receiver>();
    receiveBytes(connection);
    connection.on("sender_open", ({ sender }: EventContext) => {
      if (sender) this.#open(sender, open, () => this.#links.openSender(sender));
    });
    connection.on("receiver_open", ({ receiver }: EventContext) => {
      if (receiver) this.#open(receiver, open, () => this.#links.openReceiver(receiver));
    });
    connection.on("session_close", ({ session }: EventContext) => {
      closeAll([...open].filter((link) => link.session === session));
    });
    connection.on("disconnected", () => closeAll(open));
    connection.on("connection_close", () => closeAll(open));
    connection.accept(socket);
  }

  #open(link: Sender | Receiver, open: Set<Sender | Receiver>, attach: () => void): void {
    open.add(link);
    link.on(link.is_sender() ? CLOSE.sender : CLOSE.receiver, () => open.delete(link));
    try {
      attach();
    } catch (error) {
      this.#log("error", `A link could not be opened: ${describe(error)}`);
      link.close({ condition: "amqp:internal-error", description: String(error) });
    }
  }
}

function closeAll(links: Iterable<Sender | Receiver>): void {
  for (const link of [...links]) link.emit(link.is_sender() ? CLOSE.sender : CLOSE.receiver, {});
}

function isInUse(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE";
}

function describe(problem: unknown): string {
  if (problem instanceof Error) return problem.message;
  if (typeof problem === "object" && problem !== null && "error" in problem) return String(problem.error);
  return String(problem);
}
