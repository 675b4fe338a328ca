import { k8s } from 'cdk8s-plus-28';

/** A count, or text such as `16Gi` or `500m`, as a Kubernetes quantity. Counts are written as text: `"8"`. */
export function quantity(value: number | string): k8s.Quantity {
  return k8s.Quantity.fromString(String(value));
}

export function millicores(millis: number): k8s.Quantity {
  return quantity(`${millis}m`);
}

export function mebibytes(mib: number): k8s.Quantity {
  return quantity(`${mib}Mi`);
}
