/** What one kind of classification task brings of its own; all else is the same for images and texts. */
export interface Task {
  readonly name: "vision" | "language";
  /** The column of a request and of a row of data that holds what is to be classified. */
  readonly column: "image" | "text";
  readonly labels: readonly string[];
  /** Module that serves a model of this task; it is bundled into every model folder as `score.js`. */
  readonly scorer: URL;
  /** What `column` of a row lacks to be readable; null when nothing. */
  problemOf(content: string): string | null;
  /** What a model must know of its training data beside its weights: the words of a text; nothing for an image. */
  vocabularyOf(contents: readonly string[]): readonly string[];
  /** The numbers that the classifier sees. */
  featuresOf(content: string, vocabulary: readonly string[]): readonly number[];
  /** The numbers that drift is measured on, by name. Always the same names. */
  describe(content: string, vocabulary: readonly string[]): Readonly<Record<string, number>>;
}
