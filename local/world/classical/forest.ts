import { RandomForestRegression } from "ml-random-forest";
import * as z from "zod";
import type { Tree } from "./artefact.ts";

/**
 * Fifty trees, each of a third of the columns (rounded up), as is usual for regression; leaves of at most ten days. All
 * were set once and not tuned: from 5 to 20 days and with one column or two, the season shows the same.
 */
const SETTINGS = {
  nEstimators: 50,
  maxFeatures: 2,
  treeOptions: { minNumSamples: 10 },
  replacement: false,
  useSampleBagging: true,
  selectionMethod: "mean",
  noOOB: true,
  seed: 20_120_531,
} as const;

/** What the library writes of a tree; `distribution` is the mean of a leaf. */
type Node = z.infer<typeof Leaf> | { splitColumn: number; splitValue: number; left: Node; right: Node };
const Leaf = z.object({ distribution: z.number() });
const Node: z.ZodType<Node> = z.lazy(() =>
  z.union([Leaf, z.object({ splitColumn: z.int(), splitValue: z.number(), left: Node, right: Node })]),
);
const Forest = z.object({
  baseModel: z.object({ indexes: z.array(z.array(z.int())), estimators: z.array(z.object({ root: Node })) }),
});

export interface Grown {
  readonly trees: () => Tree[];
  /** What the library itself answers: one number per row. */
  readonly predict: (rows: readonly (readonly number[])[]) => number[];
}

/**
 * A random forest for regression, by ml-random-forest. Seeded: the same days give the same forest.
 *
 * @param rows - cells, at least one row, all of the same length
 * @param truths - one per row
 */
export function growForest(rows: readonly (readonly number[])[], truths: readonly number[]): Grown {
  const forest = new RandomForestRegression(SETTINGS);
  const own = (given: readonly (readonly number[])[]) => given.map((row) => [...row]);
  forest.train(own(rows), [...truths]);
  return {
    trees: () => {
      const { baseModel } = Forest.parse(JSON.parse(JSON.stringify(forest)));
      return baseModel.estimators.map(({ root }, index) => treeOf(root, baseModel.indexes[index] ?? []));
    },
    predict: (asked) => forest.predict(own(asked)),
  };
}

/** @param columns - which of all columns the tree's own columns are */
function treeOf(node: Node, columns: readonly number[]): Tree {
  if ("distribution" in node) return node.distribution;
  const column = columns[node.splitColumn];
  if (column === undefined)
    throw new RangeError(`A tree splits by column ${node.splitColumn}, which it has not.`);
  return [column, node.splitValue, treeOf(node.left, columns), treeOf(node.right, columns)];
}
