/* assets.h - the parts of the page that are the same for every circuit, as part of the program. */
#ifndef COFIBER_REPORT_ASSETS_H
#define COFIBER_REPORT_ASSETS_H

#define CF_ASSET(name)                                                                                                 \
    extern const char cf_asset_##name[] __attribute__((visibility("hidden")));                                         \
    extern const char cf_asset_##name##_end[] __attribute__((visibility("hidden")))

CF_ASSET(html); /* the body; %DATA% and the like are not replaced: scripts fill it */
CF_ASSET(css);
CF_ASSET(script); /* the page's own scripts, one after the other */
CF_ASSET(chart);  /* Chart.js, from the distribution's package libjs-chart.js */

#undef CF_ASSET

#endif
