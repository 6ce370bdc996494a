/** What the simulated GitHub holds from the start: repositories and their workflows. */
export interface Repository {
  readonly id: number;
  readonly owner: string;
  readonly name: string;
  readonly branches: readonly string[];
  readonly workflows: readonly Workflow[];
}

export interface Workflow {
  readonly id: number;
  readonly name: string;
  /** e.g. `.github/workflows/retrain.yml` */
  readonly path: string;
  /** Events it listens to. */
  readonly on: readonly ("workflow_dispatch" | "repository_dispatch")[];
  /** Inputs of `workflow_dispatch`, by name; at most 25. */
  readonly inputs: Readonly<Record<string, { readonly required: boolean }>>;
  /** The input that `run-name` shows: by it a caller finds its own run again. */
  readonly runNameInput?: string;
}

export const REPOSITORIES: readonly Repository[] = [
  {
    id: 1001,
    owner: "outerloop",
    name: "models",
    branches: ["main"],
    workflows: [
      {
        id: 101,
        name: "Retrain",
        path: ".github/workflows/retrain.yml",
        on: ["workflow_dispatch", "repository_dispatch"],
        inputs: { model: { required: true }, cause: { required: false }, marker: { required: false } },
        runNameInput: "marker",
      },
      {
        id: 102,
        name: "Reconfigure infrastructure",
        path: ".github/workflows/reconfigure.yml",
        on: ["workflow_dispatch"],
        inputs: { proposal: { required: false }, marker: { required: false } },
        runNameInput: "marker",
      },
    ],
  },
];

/** Who the token belongs to. */
export const LOGIN = "outerloop-app";

export function findRepository(
  repositories: readonly Repository[],
  owner: string,
  name: string,
): Repository | undefined {
  const isSame = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
  return repositories.find((one) => isSame(one.owner, owner) && isSame(one.name, name));
}

/** Key of all that belongs to a repository. */
export function scopeOf({ owner, name }: Repository): string {
  return `${owner}/${name}`;
}
