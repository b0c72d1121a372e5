import { suggestQuestion } from '../retrieval/suggest-question.ts';
import { curlCommand } from './curl-command.ts';
import { defineEndpoint, type Endpoint } from './endpoint.ts';
import { HOME_PAGE_POLICY, homePage } from './home-page.ts';
import type { ServerContext } from './server-context.ts';

/** `GET /`: a page for whoever opens the address in a browser. */
export function homeRoute({ citestream }: ServerContext): Endpoint {
  return defineEndpoint({
    method: 'GET',
    path: '/',
    operationId: 'getHomePage',
    summary: 'Shows what this is and a first question to paste',
    tag: 'service',
    responses: { 200: { description: 'A page without scripts.', contentType: 'text/html' } },
    problems: ['STORE_FAILED'],
    async handle({ request, reply }) {
      const { store, configuration } = citestream;
      const { documents } = await store.count();
      const question = await suggestQuestion(store);
      const address = `${request.protocol}://${request.host}`;
      const needsKey = configuration.server.apiKeys.length > 0;
      return reply
        .type('text/html; charset=utf-8')
        .header('content-security-policy', HOME_PAGE_POLICY)
        .send(
          homePage({
            documents,
            ...(question !== undefined && { firstCommand: curlCommand(address, question, { needsKey }) }),
          }),
        );
    },
  });
}
