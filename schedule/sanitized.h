/* SPDX-License-Identifier: Apache-2.0 */
/* Whether this build has a sanitizer that needs much address space and reports on stderr. */
#ifndef BSG_SCHEDULE_SANITIZED_H
#define BSG_SCHEDULE_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BSG_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define BSG_SANITIZED 1
#endif
#endif
#ifndef BSG_SANITIZED
#define BSG_SANITIZED 0
#endif

#endif
