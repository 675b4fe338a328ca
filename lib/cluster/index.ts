export * from './cert-manager';
export * from './device-plugin';
export * from './efs-model-store';
export * from './external-secrets';
export * from './karpenter';
export * from './kubernetes-scope';
export * from './nim-cluster';
export * from './nim-operator';
