// SPDX-License-Identifier: Apache-2.0
//
// Which sanitizer the program is built with: GCC says so by macros of its own, clang by features.
#pragma once

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define KS_ADDRESS_SANITIZER 1
#endif
#if __has_feature(thread_sanitizer)
#define KS_THREAD_SANITIZER 1
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define KS_ADDRESS_SANITIZER 1
#endif
#ifdef __SANITIZE_THREAD__
#define KS_THREAD_SANITIZER 1
#endif
