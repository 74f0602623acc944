/* census.h - names the macro under which the leaf modules are black boxes, so that Yosys counts their instances. */
#ifndef COFIBER_RTL_STRUCTURAL_CENSUS_H
#define COFIBER_RTL_STRUCTURAL_CENSUS_H

#define CF_RTL_CENSUS_DEFINE "COFIBER_CENSUS"

#endif
