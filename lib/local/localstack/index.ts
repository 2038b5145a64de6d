export {
  findLocalStack,
  type LocalStackOptions,
  type SharedLocalStack,
  shareLocalStack,
  stopLocalStack,
} from './shared.ts';
export type { LocalStackState } from './state.ts';
