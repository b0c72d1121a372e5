const BACKTICK = '`';
const TILDE = '~';
const MIN_FENCE = 3;

/** Whether a character is a letter in any script; digits and signs are not. */
function isLetter(character: string): boolean {
  return (
    character > '\u00bf' || (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z')
  );
}

/**
 * Follows Markdown one character at a time, as far as it decides whether a bracket is prose: fenced code, inline code
 * and escapes are not. Inline code ends with its line, so that a stray backtick costs one line of citations at most;
 * indented code counts as prose, since indented list items are far more common in answers.
 */
export class MarkdownScanner {
  #mode: 'prose' | 'span' | 'fence' = 'prose';
  /** How many backticks or tildes close the code that is open. */
  #codeLength = 0;
  #fenceCharacter = '';
  /** A span of three or more backticks that began its line is a fence if the line ends before the span does. */
  #mayBeFence = false;
  #isClosingFence = false;

  #run = 0;
  #runCharacter = '';
  #runBeganLine = false;

  #isLineStart = true;
  #isEscaped = false;
  #bracket: 'none' | 'open' | 'lettered' = 'none';
  #isAfterLinkText = false;

  /** Whether nothing but white space, quote and list signs stand before this place on its line. */
  get isLineStart(): boolean {
    return this.#isLineStart;
  }

  /** Whether what comes next is prose, unless it is one more backtick or tilde. */
  get isProse(): boolean {
    if (this.#isEscaped) return false;
    if (this.#run === 0) return this.#mode === 'prose';
    if (this.#mode === 'span') return this.#runCharacter === BACKTICK && this.#run === this.#codeLength;
    return this.#mode === 'prose' && this.#runCharacter === TILDE && !this.#runOpensFence;
  }

  /** Whether the last character closed `[text]`, so that a bracket here is the label of a reference link. */
  get isAfterLinkText(): boolean {
    return this.#isAfterLinkText;
  }

  /** Goes on by one UTF-16 unit. */
  accept(character: string): void {
    if (character === BACKTICK || character === TILDE) this.#acceptRun(character);
    else {
      this.#settleRun();
      if (character === '\n') this.#endLine();
      else if (this.#mode === 'prose') this.#acceptProse(character);
      else if (character !== ' ' && character !== '\t' && character !== '\r') {
        this.#isClosingFence = false;
        this.#isLineStart = this.#isLineStart && character === '>';
      }
    }
  }

  get #runOpensFence(): boolean {
    return this.#runBeganLine && this.#run >= MIN_FENCE;
  }

  #acceptRun(character: string): void {
    this.#isAfterLinkText = false;
    if (this.#isEscaped) {
      this.#isEscaped = false;
      this.#isLineStart = false;
    } else if (this.#run > 0 && this.#runCharacter === character) this.#run += 1;
    else {
      this.#settleRun();
      this.#run = 1;
      this.#runCharacter = character;
      this.#runBeganLine = this.#isLineStart;
      this.#isLineStart = false;
      this.#isClosingFence = false;
    }
  }

  /** The run of backticks or tildes is over: it opens or closes code, or was text. */
  #settleRun(): void {
    if (this.#run === 0) return;
    if (this.#mode === 'prose') {
      if (this.#runCharacter === BACKTICK) {
        this.#mode = 'span';
        this.#codeLength = this.#run;
        this.#mayBeFence = this.#runOpensFence;
      } else if (this.#runOpensFence) {
        this.#mode = 'fence';
        this.#codeLength = this.#run;
        this.#fenceCharacter = TILDE;
      }
    } else if (this.#mode === 'span') {
      if (this.#runCharacter === BACKTICK) {
        if (this.#run === this.#codeLength) this.#mode = 'prose';
        else this.#mayBeFence = false;
      }
    } else {
      this.#isClosingFence =
        this.#runBeganLine && this.#runCharacter === this.#fenceCharacter && this.#run >= this.#codeLength;
    }
    this.#run = 0;
  }

  #endLine(): void {
    if (this.#mode === 'span') {
      this.#mode = this.#mayBeFence ? 'fence' : 'prose';
      this.#fenceCharacter = BACKTICK;
    } else if (this.#mode === 'fence' && this.#isClosingFence) this.#mode = 'prose';
    this.#isClosingFence = false;
    this.#isLineStart = true;
    this.#isEscaped = false;
    this.#bracket = 'none';
    this.#isAfterLinkText = false;
  }

  #acceptProse(character: string): void {
    const wasEscaped = this.#isEscaped;
    this.#isEscaped = false;
    this.#isAfterLinkText = false;
    if (character === ' ' || character === '\t' || character === '\r') return;
    this.#isLineStart = this.#isLineStart && '>-*+'.includes(character);
    if (wasEscaped) return;
    if (character === '\\') this.#isEscaped = true;
    else if (character === '[') this.#bracket = 'open';
    else if (character === ']') {
      this.#isAfterLinkText = this.#bracket === 'lettered';
      this.#bracket = 'none';
    } else if (this.#bracket === 'open' && isLetter(character)) this.#bracket = 'lettered';
  }
}
