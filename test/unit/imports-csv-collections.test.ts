/**
 * The edges of csv that public collections of test cases look at, each with values of our own, and what is made of them
 * here. `differs` says where the collection, or the program that it tests, expects something else, and why we do not.
 *
 * - csv-spectrum, "an acid test for CSV parsing libraries": github.com/max-mapper/csv-spectrum
 * - the test cases of Papa Parse: github.com/mholt/PapaParse
 * - the tests of Go's encoding/csv: github.com/golang/go
 * - the tests of Rust's csv-core: github.com/BurntSushi/rust-csv
 * - the tests of Python's csv: github.com/python/cpython
 * - the tests of csv-parse: github.com/adaltas/node-csv
 * - csv-test-data, "to help in developing and testing RFC 4180 compliant parsers": github.com/sineemore/csv-test-data
 * - the "evil" csv of Matthias Wiesmann: github.com/gebi/csv-test
 */
import { describe, expect, test } from '@jest/globals';
import { problemOf, recordsOf, type ReadOptions } from '../support/records-of.ts';

interface Edge {
  readonly edge: string;
  readonly file: string | Uint8Array;
  readonly options?: ReadOptions;
  /** Of the header first, then of the good records. */
  readonly reads?: readonly (readonly string[])[];
  /** The lines at which good records begin, where it is about them. */
  readonly lines?: readonly number[];
  /** Records that are rejected: their line, and what could be made of them. */
  readonly rejects?: readonly (readonly [line: number, ...fields: string[]])[];
  /** The whole file is refused. */
  readonly refuses?: readonly [code: string, line?: number];
  readonly differs?: string;
}

const latin1 = (text: string): Uint8Array => Buffer.from(text, 'latin1');

const collections: Readonly<Record<string, readonly Edge[]>> = {
  'csv-spectrum': [
    { edge: 'simple', file: 'id,city\n4,Oslo\n', reads: [['id', 'city'], ['4', 'Oslo']] },
    { edge: 'simple, lines ended by CRLF', file: 'id,city\r\n4,Oslo\r\n', reads: [['id', 'city'], ['4', 'Oslo']] },
    { edge: 'a comma in quotes', file: 'id,place\n4,"Oslo, Norway"\n', reads: [['id', 'place'], ['4', 'Oslo, Norway']] },
    { edge: 'fields that are empty, quoted or not', file: 'a,b,c\n"",,x\n,"",y\n', reads: [['a', 'b', 'c'], ['', '', 'x'], ['', '', 'y']] },
    { edge: 'empty fields before CRLF', file: 'a,b,c\r\n7,"",""\r\n8,x,y\r\n', reads: [['a', 'b', 'c'], ['7', '', ''], ['8', 'x', 'y']] },
    { edge: 'doubled quotes', file: 'id,said\n4,"so ""they"" say"\n', reads: [['id', 'said'], ['4', 'so "they" say']] },
    { edge: 'JSON in a field', file: 'id,json\n4,"{""type"": ""Point"", ""at"": [10.7, 59.9]}"\n', reads: [['id', 'json'], ['4', '{"type": "Point", "at": [10.7, 59.9]}']] },
    { edge: 'Latin-1, declared', file: latin1('id,name\n4,José Núñez\n'), options: { encoding: 'iso-8859-1' }, reads: [['id', 'name'], ['4', 'José Núñez']] },
    { edge: 'Latin-1, not declared', file: latin1('id,name\n4,José Núñez\n'), refuses: ['file_unreadable', 2], differs: 'Any bytes are valid Latin-1, so guessing it would turn other encodings into wrong names.' },
    { edge: 'line ends in quotes', file: 'a,b\n"one\ntwo",x\n"three\n\nfour",y\n', reads: [['a', 'b'], ['one\ntwo', 'x'], ['three\n\nfour', 'y']], lines: [2, 4] },
    { edge: 'CRLF in quotes', file: 'a,b\r\n"one\r\ntwo",x\r\n5,y\r\n', reads: [['a', 'b'], ['one\r\ntwo', 'x'], ['5', 'y']], lines: [2, 4] },
    { edge: 'lines ended by CR', file: 'a,b\r1,2\r3,4', reads: [['a', 'b'], ['1', '2'], ['3', '4']], lines: [2, 3] },
    { edge: 'quotes and line ends together', file: 'a,b\n1,"ho ""\nho"" \nho"\n3,4\n', reads: [['a', 'b'], ['1', 'ho "\nho" \nho'], ['3', '4']], lines: [2, 5] },
    { edge: 'the word NULL', file: 'a,b,c\n1,,2\n3,"NULL",4\n5,NULL,6\n', reads: [['a', 'b', 'c'], ['1', '', '2'], ['3', 'NULL', '4'], ['5', 'NULL', '6']] },
    { edge: 'UTF-8 beyond Latin-1', file: 'id,ключ\n1,значение\n2,ʤ 😀\n', reads: [['id', 'ключ'], ['1', 'значение'], ['2', 'ʤ 😀']] },
    { edge: 'coordinates: quotes as seconds', file: 'id,where\n1,"59°54\'45.2""N"\n2,10°44\'E"\n', reads: [['id', 'where'], ['1', '59°54\'45.2"N'], ['2', '10°44\'E"']] },
    { edge: 'control characters between fields and records', file: 'abc\u00011\u0002\ndef\u00012\u0002\n', reads: [['abc\u00011\u0002'], ['def\u00012\u0002']], differs: 'A feed of one shop; its control characters are text here, so the mapping of columns will refuse it.' },
  ],
  'Papa Parse': [
    { edge: 'spaces around a field that is not quoted', file: 'a,b,c\nx,\ty ,z\n', reads: [['a', 'b', 'c'], ['x', '\ty ', 'z']] },
    { edge: 'spaces within quotes', file: 'a,b\n1,"  y "\n', reads: [['a', 'b'], ['1', '  y ']] },
    { edge: 'spaces before an opening quote', file: 'a,b,c\n1, "y" ,3\n', reads: [['a', 'b', 'c'], ['1', ' "y" ', '3']] },
    { edge: 'spaces behind a closing quote', file: 'a,b\n"x"  ,"y" \r\n1,2\n', reads: [['a', 'b'], ['x', 'y'], ['1', '2']] },
    { edge: 'a delimiter between doubled quotes', file: 'a,b\n1,""","""\n2,","""\n3,""","\n', reads: [['a', 'b'], ['1', '","'], ['2', ',"'], ['3', '",']] },
    { edge: 'five quotes in a row, and a delimiter', file: 'a,b,c\n"1","n="""",m=""""","2"\n', reads: [['a', 'b', 'c'], ['1', 'n="",m=""', '2']] },
    { edge: 'quotes in the middle of a field that is not quoted', file: 'a,b\n1,x "y" z\n2,z"\n', reads: [['a', 'b'], ['1', 'x "y" z'], ['2', 'z"']] },
    { edge: 'a quote that is never closed', file: 'a,b\n1,"x\n2,y\n', refuses: ['file_unreadable', 2], differs: 'It makes one field of the rest and reports it. Half a file must not be imported.' },
    { edge: 'text behind a closing quote', file: 'a,b\n"x"y,2\n3,4\n', reads: [['a', 'b'], ['3', '4']], rejects: [[2, 'x', '2']], differs: 'It goes on to the next quote that ends a field, which can be far away. Here one record is rejected.' },
    { edge: 'a closing quote before a field that goes on with a comma', file: 'a,b\n"x,"y,z"\n3,4\n', reads: [['a', 'b'], ['3', '4']], rejects: [[2, 'x,', 'z"']], differs: 'The same.' },
    { edge: 'the first field of a line is empty behind a quoted one', file: 'a,b\n1,"x"\n,"y"\n,z', reads: [['a', 'b'], ['1', 'x'], ['', 'y'], ['', 'z']] },
    { edge: 'quotes doubled at the very end of a record', file: 'a,b\n1,"x""y"""\n2,z', reads: [['a', 'b'], ['1', 'x"y"'], ['2', 'z']] },
    { edge: 'an empty quoted field at the end of the file', file: 'a,b\n1,""', reads: [['a', 'b'], ['1', '']] },
    { edge: 'many empty fields', file: 'a,b,c,d\n,,,\n1,,,4\n', reads: [['a', 'b', 'c', 'd'], ['', '', '', ''], ['1', '', '', '4']] },
    { edge: 'no input', file: '', refuses: ['file_empty'] },
    { edge: 'a delimiter alone', file: ',\n1,2\n', refuses: ['header_invalid', 1], differs: 'A column here must have a name.' },
    { edge: 'a column alone', file: 'only\nx y\nz\n', reads: [['only'], ['x y'], ['z']] },
    { edge: 'lines without a byte', file: '\na,b\n\n1,2\n\n', reads: [['a', 'b'], ['1', '2']], lines: [4], differs: 'It can keep them as records of one field. Here they only count as lines.' },
    { edge: 'a line of a space', file: 'a,b\n \n1,2\n', reads: [['a', 'b'], ['1', '2']], rejects: [[2, ' ']] },
    { edge: 'comments', file: 'a,b\n# x,y\n1,2\n', reads: [['a', 'b'], ['# x', 'y'], ['1', '2']], differs: 'There are no comments: an id may begin with #.' },
    { edge: 'more and fewer fields than the header', file: 'a,b,c\n1,2\n1,2,3,4,5\n6,7,8\n', reads: [['a', 'b', 'c'], ['6', '7', '8']], rejects: [[2, '1', '2'], [3, '1', '2', '3', '4', '5']] },
    { edge: 'line ends of two kinds', file: 'a,b\n1,2\r3,4\r\n5,6\n', reads: [['a', 'b'], ['1', '2'], ['3', '4'], ['5', '6']], differs: 'It takes the first kind for all. A file glued together from two has both.' },
    { edge: 'tabs and bars, not declared', file: 'a|b|c\n1|2,5|3\n', reads: [['a', 'b', 'c'], ['1', '2,5', '3']] },
    { edge: 'a header with spaces around its names', file: '  a , b  \n1,2 \n', reads: [['a', 'b'], ['1', '2 ']] },
    { edge: 'CRLF within quotes in a header, LF behind lines', file: '"a\r\na","b"\n"1","2"\n', reads: [['a a', 'b'], ['1', '2']], lines: [3], differs: 'In the names of columns a line end is a space.' },
    { edge: 'columns of one name', file: 'id,id\n1,2\n', refuses: ['header_invalid', 1], differs: 'It renames the second. Here nobody could say which one is meant.' },
    { edge: 'a byte order mark', file: '\ufeffa,b\n1,2\n', reads: [['a', 'b'], ['1', '2']] },
    { edge: 'Shift JIS, declared', file: Buffer.from([0x61, 0x2c, 0x62, 0x0a, 0x93, 0x8c, 0x8b, 0x9e, 0x2c, 0x95, 0x5c, 0x0a]), options: { encoding: 'shift_jis' }, reads: [['a', 'b'], ['東京', '表']] },
  ],
  "Go's encoding/csv": [
    { edge: 'the example of the RFC', file: '#one,two,three\n"aa","b\nb","cc"\n"a,a","b""b","c"\nzz,yy,xx\n', reads: [['#one', 'two', 'three'], ['aa', 'b\nb', 'cc'], ['a,a', 'b"b', 'c'], ['zz', 'yy', 'xx']], lines: [2, 4, 5] },
    { edge: 'no line end at the end', file: 'a,b\n1,2', reads: [['a', 'b'], ['1', '2']] },
    { edge: 'semicolons', file: 'a;b\n1,5;2\n', reads: [['a', 'b'], ['1,5', '2']] },
    { edge: 'fields of several lines', file: '"a","b"\n"two\nlines","three\nof\nthem"\n', reads: [['a', 'b'], ['two\nlines', 'three\nof\nthem']] },
    { edge: 'CR within a line', file: 'a,b\r\n1,x\ry,2\r\n', reads: [['a', 'b'], ['1', 'x'], ['y', '2']], differs: 'There it is text. Old Macs end lines so, and one kind of line end is not forced on the file.' },
    { edge: 'CR at the very end', file: 'a,b\n1,2\r', reads: [['a', 'b'], ['1', '2']], differs: 'There it is text.' },
    { edge: 'spaces at the start of fields', file: 'a,b\n 1,  2\n', reads: [['a', 'b'], [' 1', '  2']] },
    { edge: 'quotes within a field that is not quoted', file: 'a,b\nx""y,x "z"\n', reads: [['a', 'b'], ['x""y', 'x "z"']], differs: 'By default it refuses the file. What is meant is plain, and the field ends at the delimiter either way.' },
    { edge: 'a quote within a quoted field', file: 'a,b\n"x "y" z",2\n3,4\n', reads: [['a', 'b'], ['3', '4']], rejects: [[2, 'x ', '2']], differs: 'It refuses the whole file. Here one record is rejected.' },
    { edge: 'a quote too many behind CRLF', file: 'a\r\n"x"y"\r\nz\r\n', reads: [['a'], ['z']], rejects: [[2, 'x']] },
    { edge: 'an even number of quotes', file: 'a\n""""""""\n', reads: [['a'], ['"""']] },
    { edge: 'an odd number of quotes', file: 'a\n"""""""\n', refuses: ['file_unreadable', 2] },
    { edge: 'fewer fields in a later record', file: 'a,b,c\n1,2,3\n4,5\n', reads: [['a', 'b', 'c'], ['1', '2', '3']], rejects: [[3, '4', '5']] },
    { edge: 'a comma at the end of a record', file: 'a,b,c\n1,2,\n3,,\n,,\n', reads: [['a', 'b', 'c'], ['1', '2', ''], ['3', '', ''], ['', '', '']] },
    { edge: 'a comma and a space at the end of a record', file: 'a,b,c\n1,2, \n', reads: [['a', 'b', 'c'], ['1', '2', ' ']] },
    { edge: 'an open quote: the line of the quote', file: 'a,b\n"1\n\n,2', refuses: ['file_unreadable', 2] },
    { edge: 'CRLF within quotes', file: 'a,b\r\n1,"Hi\r\nthere"\r\n', reads: [['a', 'b'], ['1', 'Hi\r\nthere']], differs: 'There it becomes LF. A field is kept as it is.' },
    { edge: 'bytes that are no text', file: Buffer.from([0x61, 0x2c, 0x62, 0x0a, 0x31, 0xb4, 0x1c, 0x2c, 0x32]), refuses: ['file_unreadable', 2], differs: 'There a field can hold any bytes. A database of texts cannot.' },
    { edge: 'only line ends within quotes', file: 'a\n"\n\n\n"\nx\n', reads: [['a'], ['\n\n\n'], ['x']], lines: [2, 6] },
    { edge: 'blank lines alone', file: '\r\n\r\n\r\n', refuses: ['file_empty'] },
    { edge: 'a line longer than a buffer', file: `a,b\n${'@'.repeat(5000)},${'*'.repeat(5000)}\n`, options: { blockBytes: 100 }, reads: [['a', 'b'], ['@'.repeat(5000), '*'.repeat(5000)]] },
    { edge: 'characters that share their first byte', file: 'a,b\n"pλq",qθr\nλ,θ\n', reads: [['a', 'b'], ['pλq', 'qθr'], ['λ', 'θ']] },
  ],
  "Rust's csv-core": [
    { edge: 'a record of one field, lines ended by CR', file: 'a\r1\r', reads: [['a'], ['1']] },
    { edge: 'a comma at the end, lines ended by CR', file: 'a,b\r1,\r', reads: [['a', 'b'], ['1', '']] },
    { edge: 'blank lines around everything', file: '\n\n\na,b\n1,2\n\n\n', reads: [['a', 'b'], ['1', '2']], lines: [5] },
    { edge: 'blank lines of CR', file: '\r\ra,b\r\r\r1,2\r\r', reads: [['a', 'b'], ['1', '2']], lines: [6] },
    { edge: 'blank lines of all kinds', file: '\n\r\na,b\r\n\n\r\n1,2\r\n\n\r\n3,4\n', reads: [['a', 'b'], ['1', '2'], ['3', '4']], lines: [6, 9] },
    { edge: 'a byte order mark within a field', file: 'a,b\n1,x\ufeff\n2,\ufeffy\n', reads: [['a', 'b'], ['1', 'x\ufeff'], ['2', '\ufeffy']] },
    { edge: 'a quoted field without a byte, alone', file: 'a\n""\n""\n', reads: [['a'], [''], ['']] },
    { edge: 'a quoted space', file: 'a,b\n" "," x "\n', reads: [['a', 'b'], [' ', ' x ']] },
    { edge: 'spaces around quotes', file: 'a,b\n  "x"  ,2\n', reads: [['a', 'b'], ['  "x"  ', '2']] },
    { edge: 'a backslash before a quote', file: 'a,b\n"x\\"y",2\n3,4\n', reads: [['a', 'b'], ['3', '4']], rejects: [[2, 'x\\', '2']], differs: 'There what follows the closing quote is part of the field.' },
    { edge: 'quotes doubled, in blocks of one byte', file: 'a,b\r\n"x""","""y"\r\n', options: { blockBytes: 1 }, reads: [['a', 'b'], ['x"', '"y']] },
    { edge: 'the unit separator between fields', file: 'a\u001fb\n1\u001f2\n', reads: [['a\u001fb'], ['1\u001f2']], differs: 'It can be set there. Here it is text.' },
  ],
  "Python's csv": [
    { edge: 'text behind a closing quote', file: 'a,b\n"xy"z,2\n', rejects: [[2, 'xy', '2']], reads: [['a', 'b']], differs: 'Unless told to be strict, it reads xyz. Nobody wrote that on purpose.' },
    { edge: 'a quote that opens the last field', file: 'a,b\n1,"', refuses: ['file_unreadable', 2], differs: 'Unless told to be strict, it reads an empty field.' },
    { edge: 'each kind of line end', file: 'a,b\n1,2\r\n3,4\r5,6', reads: [['a', 'b'], ['1', '2'], ['3', '4'], ['5', '6']] },
    { edge: 'a zero byte', file: 'a,b\n1,\u00002\n', refuses: ['file_unreadable', 2], differs: 'There it is a character like any other. PostgreSQL cannot keep it.' },
    { edge: 'a backslash before a delimiter', file: 'a,b,c\n1,x\\,y\n', reads: [['a', 'b', 'c'], ['1', 'x\\', 'y']] },
    { edge: 'a quoted field between delimiters only', file: 'a,b,c\n1,",3,",5\n', reads: [['a', 'b', 'c'], ['1', ',3,', '5']] },
    { edge: 'a line end in quotes, a space behind the next delimiter', file: 'a,b\n"x\ny", 7\n', reads: [['a', 'b'], ['x\ny', ' 7']] },
    { edge: 'large fields', file: `a,b\n${'X'.repeat(50_000)},${'Y'.repeat(50_000)}\n`, reads: [['a', 'b'], ['X'.repeat(50_000), 'Y'.repeat(50_000)]] },
    { edge: 'fields too large', file: `a,b\n1,2\n3,${'X'.repeat(1_100_000)}\n`, refuses: ['file_too_large', 3] },
    { edge: 'the number of the line behind fields of several lines', file: 'a,b\n"\n1","\r\n2"\n"\r3",4\n5,6\n', reads: [['a', 'b'], ['\n1', '\r\n2'], ['\r3', '4'], ['5', '6']], lines: [2, 5, 7] },
    { edge: 'single quotes', file: "a,b\n'x,y',2\n'z',3\n", reads: [['a', 'b'], ["'z'", '3']], rejects: [[2, "'x", "y'", '2']], differs: 'Its sniffer takes them for quotes where they look like it. Here they are apostrophes.' },
    { edge: 'tabs, not declared', file: 'a\tb\n1\t2, or so\n', reads: [['a', 'b'], ['1', '2, or so']] },
  ],
  'csv-parse': [
    { edge: 'fields that hold delimiters at their ends', file: 'a,b,c\n",1,","2,",",3"\n', reads: [['a', 'b', 'c'], [',1,', '2,', ',3']] },
    { edge: 'a field of a quote alone', file: 'a,b\n"""",""""\n"","x"""\n', reads: [['a', 'b'], ['"', '"'], ['', 'x"']] },
    { edge: 'line ends only, in quotes', file: 'a,b\n1,"\n"\n"\nok\n",2\n', reads: [['a', 'b'], ['1', '\n'], ['\nok\n', '2']], lines: [2, 4] },
    { edge: 'a quote within a field that is not quoted', file: '"a","b"\n1,wrong h"er"e\n2,x\n', reads: [['a', 'b'], ['1', 'wrong h"er"e'], ['2', 'x']], differs: 'It refuses the file.' },
    { edge: 'something behind a closing quote', file: 'a\n""!\nb\n', reads: [['a'], ['b']], rejects: [[2, '']], differs: 'It refuses the file. Here one record is rejected.' },
    { edge: 'a quote left open at the end', file: 'a,b,c\n"",7,"', refuses: ['file_unreadable', 2] },
    { edge: 'one character at a time', file: 'a,b\n1,"x,""y"""\n2,"\n"\n', options: { blockBytes: 1, chunkBytes: 1 }, reads: [['a', 'b'], ['1', 'x,"y"'], ['2', '\n']] },
    { edge: 'a byte order mark before a quote', file: '\ufeff"a","b"\n1,2\n', reads: [['a', 'b'], ['1', '2']] },
    { edge: 'a byte order mark of UTF-16, little-endian', file: Buffer.from('\ufeffa,b\nä,ß\n', 'utf16le'), reads: [['a', 'b'], ['ä', 'ß']] },
    { edge: 'delimiters found by looking', file: 'a;b;c\n1;2,3;4\n5;"6;7";8,9\n', reads: [['a', 'b', 'c'], ['1', '2,3', '4'], ['5', '6;7', '8,9']] },
    { edge: 'delimiters left over at the end', file: 'a,b\n1,2,\n', reads: [['a', 'b']], rejects: [[2, '1', '2', '']], differs: 'It can be told to take them as text. A stray comma moves what follows it, so such a record is never taken.' },
  ],
  'csv-test-data': [
    { edge: 'every field is empty', file: 'foo,bar,baz\n,,\n,,\n', reads: [['foo', 'bar', 'baz'], ['', '', ''], ['', '', '']] },
    { edge: 'a column with an empty field in it', file: 'foo\n""\nx\n', reads: [['foo'], [''], ['x']] },
    { edge: 'a blank line in a column alone', file: 'foo\nx\n\ny\n', reads: [['foo'], ['x'], ['y']], lines: [2, 4], differs: 'By the letter of the RFC it is a record with an empty field. It is far more often a stray line.' },
    { edge: 'a header with fewer names than fields', file: 'foo,bar\n1,2,3\n', reads: [['foo', 'bar']], rejects: [[2, '1', '2', '3']], differs: 'The collection calls the file bad.' },
    { edge: 'a header with more names than fields', file: 'foo,bar,baz,qux\n1,2,3\n', reads: [['foo', 'bar', 'baz', 'qux']], rejects: [[2, '1', '2', '3']], differs: 'The collection calls the file bad.' },
    { edge: 'a missing quote', file: 'foo,bar\n"1,2\n3,4\n', refuses: ['file_unreadable', 2] },
    { edge: 'a quote that is not doubled within quotes', file: 'foo,bar\n"1 " x",2\n', reads: [['foo', 'bar']], rejects: [[2, '1 ', '2']] },
    { edge: 'a quote in a field that is not quoted', file: 'foo,bar\n1"x,2\n', reads: [['foo', 'bar'], ['1"x', '2']], differs: 'The collection calls it bad, as the RFC does. Nothing is lost by reading it.' },
    { edge: 'spaces before and behind fields', file: 'foo,bar\n 1,2 \n" 3","4 "\n', reads: [['foo', 'bar'], [' 1', '2 '], [' 3', '4 ']] },
    { edge: 'empty fields in quotes', file: 'foo,bar,baz\n"","",""\n', reads: [['foo', 'bar', 'baz'], ['', '', '']] },
    { edge: 'a line end at the end, in a column alone', file: 'foo\nx\n', reads: [['foo'], ['x']] },
    { edge: 'UTF-8', file: 'foo,bar\nžluťoučký,kůň\nßð,œ\n', reads: [['foo', 'bar'], ['žluťoučký', 'kůň'], ['ßð', 'œ']] },
  ],
  'the evil csv': [
    { edge: 'a field of several lines', file: 'who,said\nHamlet,"To be\nor not"\n', reads: [['who', 'said'], ['Hamlet', 'To be\nor not']] },
    { edge: 'nothing said', file: 'who,said\nMonk,\n', reads: [['who', 'said'], ['Monk', '']] },
    { edge: 'single quotes', file: "who,said\nDada,'dodo'\n", reads: [['who', 'said'], ['Dada', "'dodo'"]] },
    { edge: 'SQL behind a doubled quote', file: 'who,said\nBobby,""";drop table"\n', reads: [['who', 'said'], ['Bobby', '";drop table']] },
    { edge: 'a space before the quotes of a field with a comma', file: 'who,said\nPro, "Trust me, I know"\nx,y\n', reads: [['who', 'said'], ['x', 'y']], rejects: [[2, 'Pro', ' "Trust me', ' I know"']], differs: 'Python splits it in silence, Go can be told to drop the space. Here it is rejected, so that somebody looks.' },
    { edge: 'a space before doubled quotes', file: 'who,said\nFan, ""Go, go""\nx,y\n', reads: [['who', 'said'], ['x', 'y']], rejects: [[2, 'Fan', ' ""Go', ' go""']] },
    { edge: 'the comma and the full stop of Chinese', file: 'who,said\nSage，wise,do。\n', reads: [['who', 'said'], ['Sage，wise', 'do。']] },
    { edge: 'quotes of full width', file: 'who,said\nI,＂Do not＂\n', reads: [['who', 'said'], ['I', '＂Do not＂']] },
  ],
};

describe.each(Object.entries(collections))('%s', (_, edges) => {
  test.each(edges)('$edge', async ({ file, options, reads = [], lines, rejects = [], refuses }) => {
    if (refuses !== undefined) {
      const [code, line] = refuses;
      expect(await problemOf(file, options)).toMatchObject({ code, line });
      return;
    }
    const { header, rows, bad } = await recordsOf(file, options);
    expect([header, ...rows.map(([, ...fields]) => fields)]).toEqual(reads);
    expect(bad.map(({ line, fields }) => [line, ...fields])).toEqual(rejects);
    if (lines !== undefined) expect(rows.map(([line]) => line)).toEqual(lines);
  });
});
