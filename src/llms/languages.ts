/**
 * The words of a language that say little: enough to tell one language from another in a sentence, and to leave them
 * out where content counts. Folded as `words` folds.
 */
const FUNCTION_WORDS = {
  en:
    'a about after all also am an and any are as at be because been before being between both but by can could did do ' +
    'does done each else for from had has have he her here him his how i if in into is it its just let may me might ' +
    'more most must my no not of on only or other our out over own per shall she should so some such than that the ' +
    'their them then there these they this those through to too under up upon us very via was we were what when where ' +
    "whether which while who whom whose why will with within without would yes you your don't doesn't isn't",
  de:
    'aber als also am an auch auf aus bei beim bin bis bist da dann das dass dem den denn der des die dies diese diesem ' +
    'diesen dieser dieses doch du durch ein eine einem einen einer eines er es fur gibt hat haben ich ihm ihn ihr ihre ' +
    'im in ins ist ja kann kein keine konnen man mehr mein mit muss nach nicht noch nur ob oder ohne sein sich sie sind ' +
    'so soll uber um und uns unter vom von vor wann war waren warum was welche welcher welches wenn wer werden wie wieso ' +
    'wir wird wo wurde wurden zu zum zur zwischen',
  fr:
    'a ai au aux avec c ce cela ces cet cette comment comme d dans de des donc du elle elles en entre es est et etre eu ' +
    'il ils j je l la le les leur leurs lors lui m mais mes mon n ne nos notre nous on ont ou par pas plus pour ' +
    'pourquoi qu quand que quel quelle quelles quels qui quoi s sa sans se ses si son sont sous sur t ta tes tu un une ' +
    'vos votre vous y',
  es:
    'a al algo ante bajo como con cual cuales cuando de del desde donde e el ella ellas ellos en entre era eran es esa ' +
    'ese eso esta estan este esto estos fue fueron ha hacia han hasta hay la las le les lo los mas me mi mientras muy ' +
    'ni no nos o para pero por porque que quien se segun ser si sin sobre son su sus tambien te tiene tu un una unas ' +
    'uno unos y ya yo',
  it:
    'a ad agli ai al alla alle allo anche c che chi ci come con contro cosa cui d da dal dalla dalle dei del della delle ' +
    'dello di dove e ed essere gli ha hanno i il in io l la le lei li lo loro lui ma mi ne negli nei nel nella nelle non ' +
    'o per perche piu quale quali quando quello questa queste questi questo se senza si sono su sua sue sui sul sulla ' +
    'suo tra tu un una uno vi',
  pt:
    'a ao aos as ate com como da das de dela dele do dos e ela ele eles em entre era essa esse esta este eu foi foram ha ' +
    'isso isto ja lhe mais mas me mesmo muito na nao nas nem no nos o onde os ou para pela pelas pelo pelos por porque ' +
    'qual quais quando que quem se sem ser seu seus sua suas so sobre sao tambem te tem um uma umas uns voce',
  nl:
    'aan al als bij dan dat de der deze die dit doch door dus een en er ge geen had heb hebben heeft hem het hier hij ' +
    'hoe hun ik in is ja je kan kunnen maar me meer men met mijn moet na naar niet nog nu of om omdat ons ook op over ' +
    'te toen tot u uit van veel voor waar waarom wanneer want waren was wat we welke werd wie wij worden zal ze zich ' +
    'zij zijn zo zonder zou',
} as const;

/** A language whose function words are known, by its ISO 639-1 code. */
export type Language = keyof typeof FUNCTION_WORDS;

const SETS = new Map<Language, ReadonlySet<string>>(
  (Object.keys(FUNCTION_WORDS) as Language[]).map((language) => [
    language,
    new Set(FUNCTION_WORDS[language].split(' ')),
  ]),
);

/** The words of a language that say little. */
export function functionWordsOf(language: Language): ReadonlySet<string> {
  return SETS.get(language) ?? new Set();
}

const MIN_FUNCTION_WORDS = 2;

/** The language whose function words stand in a text most often; `undefined` for too few of them, or a tie. */
export function languageOf(words: readonly string[]): Language | undefined {
  let best: Language | undefined;
  let bestCount = MIN_FUNCTION_WORDS - 1;
  for (const [language, functionWords] of SETS) {
    let count = 0;
    for (const word of words) if (functionWords.has(word)) count += 1;
    if (count > bestCount) {
      best = language;
      bestCount = count;
    } else if (count === bestCount) best = undefined;
  }
  return best;
}

/** Whether a word says little in a language; without one, whether it does in English. */
export function isFunctionWord(word: string, language: Language | undefined): boolean {
  return SETS.get(language ?? 'en')?.has(word) === true;
}
