import type { Language } from './languages.ts';
import type { RankedSentence } from './rank-sentences.ts';

interface Phrases {
  readonly lead: string;
  readonly nothing: string;
}

const PHRASES: Readonly<Record<Language, Phrases>> = {
  en: {
    lead: 'Quoted from the documents, word for word:',
    nothing: 'The documents found for this question do not answer it.',
  },
  de: {
    lead: 'Wörtlich aus den Dokumenten zitiert:',
    nothing: 'Die zu dieser Frage gefundenen Dokumente beantworten sie nicht.',
  },
  fr: {
    lead: 'Cité mot pour mot des documents :',
    nothing: 'Les documents trouvés pour cette question n’y répondent pas.',
  },
  es: {
    lead: 'Citado literalmente de los documentos:',
    nothing: 'Los documentos encontrados para esta pregunta no la responden.',
  },
  it: {
    lead: 'Citato parola per parola dai documenti:',
    nothing: 'I documenti trovati per questa domanda non vi rispondono.',
  },
  pt: {
    lead: 'Citado literalmente dos documentos:',
    nothing: 'Os documentos encontrados para esta pergunta não a respondem.',
  },
  nl: {
    lead: 'Woordelijk uit de documenten geciteerd:',
    nothing: 'De documenten die bij deze vraag zijn gevonden, beantwoorden haar niet.',
  },
};

/** Code that stays as it is, something escaped, or a bracket with what a citation marker may hold. */
const BRACKETS = /(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)|\\.|\[([^[\]]*)\](?!\()/g;
const LIKE_MARKER = /^[\s\d,;–—-]*(?:sources?[\s\d,;–—-]*)*$/i;

/** The answer where no sentence answers. */
export function nothingToQuote(language: Language | undefined): string {
  return PHRASES[language ?? 'en'].nothing;
}

/** The sentences as an answer that says it quotes, each with its `[n]`; those of one paragraph stay together. */
export function writeQuotes(sentences: readonly RankedSentence[], language: Language | undefined): string {
  let answer = PHRASES[language ?? 'en'].lead;
  let before: RankedSentence | undefined;
  for (const sentence of sentences) {
    const goesOn =
      before !== undefined &&
      before.position + 1 === sentence.position &&
      before.rank === sentence.rank &&
      before.block === sentence.block;
    answer += `${goesOn ? ' ' : '\n\n'}“${escapeMarkers(sentence.text)}” [${sentence.sourceId}]`;
    before = sentence;
  }
  return answer;
}

/** Escapes the brackets of a quote that would be read as citations: a paper's own `[3]`. */
function escapeMarkers(quote: string): string {
  return quote.replaceAll(BRACKETS, (match: string, _code: unknown, inside: string | undefined) =>
    inside !== undefined && /\d/.test(inside) && LIKE_MARKER.test(inside) ? `\\[${inside}\\]` : match,
  );
}
