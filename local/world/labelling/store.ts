import { DatabaseSync } from "node:sqlite";
import * as z from "zod";
import type { Item, Progress, Project, ProjectBody } from "./project.ts";

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS projects (
    name TEXT PRIMARY KEY, title TEXT NOT NULL, "column" TEXT NOT NULL, labels TEXT NOT NULL, instructions TEXT NOT NULL,
    dataReference TEXT NOT NULL, createdAt TEXT NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS items (
    project TEXT NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL, date TEXT NOT NULL, content TEXT NOT NULL,
    prediction TEXT, confidence REAL, claimedBy TEXT, claimedUntil INTEGER NOT NULL DEFAULT 0,
    label TEXT, answeredBy TEXT, answeredAt TEXT, PRIMARY KEY (project, id)) STRICT;
  CREATE INDEX IF NOT EXISTS items_in_order ON items (project, position);
`;

const ProjectRow = z.object({
  name: z.string(),
  title: z.string(),
  column: z.enum(["image", "text"]),
  labels: z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text))),
  instructions: z.string(),
  dataReference: z.string(),
  createdAt: z.string(),
});

const ItemRow = z.object({
  id: z.string(),
  position: z.number(),
  date: z.string(),
  content: z.string(),
  prediction: z.string().nullable(),
  confidence: z.number().nullable(),
  claimedBy: z.string().nullable(),
  claimedUntil: z.number(),
  label: z.string().nullable(),
  answeredBy: z.string().nullable(),
  answeredAt: z.string().nullable(),
});

export const ITEM_STATES = ["open", "claimed", "answered"] as const;
export type ItemState = (typeof ITEM_STATES)[number];

/** Each names `:now`: a parameter that a statement does not name is refused. */
const IN_STATE: Readonly<Record<ItemState | "all", string>> = {
  open: "label IS NULL AND claimedUntil <= :now",
  claimed: "label IS NULL AND claimedUntil > :now",
  answered: "label IS NOT NULL AND :now >= 0",
  all: ":now >= 0",
};

/** Projects and their items in one SQLite file. What a method has written survives kill -9. */
export class LabellingStore {
  readonly #db: DatabaseSync;

  /** @param file - `:memory:` keeps nothing */
  constructor(file: string) {
    this.#db = new DatabaseSync(file);
    this.#db.exec(SCHEMA);
  }

  project(name: string): Project | undefined {
    const row = this.#db.prepare("SELECT * FROM projects WHERE name = ?").get(name);
    return row && ProjectRow.parse(row);
  }

  /** Newest first. */
  projects(): Project[] {
    return this.#db
      .prepare("SELECT * FROM projects ORDER BY createdAt DESC, name")
      .all()
      .map((row) => ProjectRow.parse(row));
  }

  /** Makes the project unless it is there, and adds the items that it lacks; those it has stay as they are. */
  put(name: string, body: ProjectBody, createdAt: string): void {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      this.#db
        .prepare("INSERT INTO projects VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING")
        .run(
          name,
          body.title ?? name,
          body.column,
          JSON.stringify(body.labels),
          body.instructions ?? "",
          body.dataReference ?? "",
          createdAt,
        );
      const add = this.#db.prepare(
        `INSERT INTO items (project, id, position, date, content, prediction, confidence)
         VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (project, id) DO NOTHING`,
      );
      let position = this.progress(name).total;
      for (const { id, date, prediction, confidence, ...item } of body.items) {
        const content = item[body.column] ?? "";
        const { changes } = add.run(
          name,
          id,
          position + 1,
          date,
          content,
          prediction ?? null,
          confidence ?? null,
        );
        position += Number(changes);
      }
      this.#db.exec("COMMIT");
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  progress(name: string): Progress {
    const row = this.#db
      .prepare("SELECT count(*) AS total, count(label) AS answered FROM items WHERE project = ?")
      .get(name);
    return { total: Number(row?.total ?? 0), answered: Number(row?.answered ?? 0) };
  }

  /** In the order in which they came in. */
  items(
    project: string,
    {
      state = "all",
      now,
      after = 0,
      most,
    }: { state?: ItemState | "all"; now: number; after?: number; most: number },
  ): Item[] {
    return this.#db
      .prepare(
        `SELECT * FROM items WHERE project = :project AND position > :after AND ${IN_STATE[state]}
         ORDER BY position LIMIT :most`,
      )
      .all({ project, after, most, now })
      .map((row) => ItemRow.parse(row));
  }

  item(project: string, id: string): Item | undefined {
    const row = this.#db.prepare("SELECT * FROM items WHERE project = ? AND id = ?").get(project, id);
    return row && ItemRow.parse(row);
  }

  /** Keeps open items for one annotator until then: others are not given them meanwhile. */
  claim(
    project: string,
    { annotator, count, now, until }: { annotator: string; count: number; now: number; until: number },
  ): Item[] {
    const open = this.items(project, { state: "open", now, most: count });
    const set = this.#db.prepare(
      "UPDATE items SET claimedBy = ?, claimedUntil = ? WHERE project = ? AND id = ?",
    );
    for (const { id } of open) set.run(annotator, until, project, id);
    return open.flatMap(({ id }) => this.item(project, id) ?? []);
  }

  /** The last word counts. */
  answer(
    project: string,
    id: string,
    { label, annotator, at }: { label: string; annotator: string; at: string },
  ): void {
    this.#db
      .prepare(
        "UPDATE items SET label = ?, answeredBy = ?, answeredAt = ?, claimedUntil = 0 WHERE project = ? AND id = ?",
      )
      .run(label, annotator, at, project, id);
  }

  answered(): number {
    return Number(this.#db.prepare("SELECT count(label) AS n FROM items").get()?.n ?? 0);
  }

  close(): void {
    this.#db.close();
  }
}
