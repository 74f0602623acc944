/* format.h - what the reader and the writer of netlist files have in common: the format's name and its versions. */
#ifndef COFIBER_NETLISTS_FORMAT_H
#define COFIBER_NETLISTS_FORMAT_H

#define CF_FORMAT_NAME "cofiber-netlist"
#define CF_PLAIN_VERSION "1" /* weighted sums, linear and step */
#define CF_FULL_VERSION "2"  /* squares, ReLUs and roots as well */
#define CF_GRAPH_VERSION "3" /* the same, and implementations */

#endif
