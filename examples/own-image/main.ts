// Llama 3.1 8B Instruct on EKS with this project's own image, built from the package.
import { App } from 'aws-cdk-lib';
import { OwnImage } from './own-image';

new OwnImage(new App(), 'NimOwnImage');
