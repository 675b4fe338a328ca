export { Cloud } from './cloud';
export { cut, DependencyGraph, labelled, labelOf, type Template } from './graph';
export { HELM, MANIFEST } from './handler';
export { identityOf } from './objects';
export type { Outcome, PlayOptions, Step } from './outcome';
export { Player } from './player';
