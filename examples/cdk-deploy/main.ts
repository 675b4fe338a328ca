// Two ways to serve Llama 3.1 8B Instruct on EKS, one stack each: deploy one of them.
import { App } from 'aws-cdk-lib';
import { Blueprint } from './blueprint';
import { RightSized } from './right-sized';

const app = new App();
new Blueprint(app, 'NimBlueprint');
new RightSized(app, 'NimRightSized');
