import type { Documents } from "../azure/tables.ts";
import { OuterloopError } from "../errors.ts";
import { ModelState } from "./state.ts";

/** Writers of one model's state meet rarely: its signals come one after another. */
const MOST_ATTEMPTS = 20;

/** Others changed the model's state again and again meanwhile. Worth another try. */
export class ModelStateBusyError extends OuterloopError {
  override name = "ModelStateBusyError";
}

/** What the control plane knows of each model, guarded by etags: two changes never overwrite each other. */
export class ModelStore {
  readonly #rows: Documents<ModelState>;

  constructor(rows: Documents<ModelState>) {
    this.#rows = rows;
  }

  /** A model that was never heard of has the empty state. */
  async read(model: string): Promise<ModelState> {
    return (await this.#rows.get(keyOf(model)))?.value ?? ModelState.parse({ model });
  }

  /**
   * Changes a model's state; `change` runs again on the newer state when somebody else was faster.
   *
   * @throws {ModelStateBusyError}
   */
  async update(model: string, change: (state: ModelState) => ModelState): Promise<ModelState> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt += 1) {
      const stored = await this.#rows.get(keyOf(model));
      const changed = change(stored?.value ?? ModelState.parse({ model }));
      const written = stored
        ? await this.#rows.replace(keyOf(model), changed, stored.etag)
        : await this.#rows.insert(keyOf(model), changed);
      if (written) return changed;
    }
    throw new ModelStateBusyError(`The state of model '${model}' changed ${MOST_ATTEMPTS} times meanwhile.`, {
      model,
    });
  }

  async all(): Promise<ModelState[]> {
    const states: ModelState[] = [];
    for await (const { value } of this.#rows.list()) states.push(value);
    return states;
  }
}

const keyOf = (model: string) => ({ partition: model, row: "state" });
