// SPDX-License-Identifier: Apache-2.0
//
// The page of proxy/manage/page as it was bundled into this program (cmake/page.cmake).
#pragma once

#include "proxy/manage/page.h"

namespace keyswap::manage {

// Empty: what the page is bundled with (esbuild) was not there when this was built.
Page page_files();

}  // namespace keyswap::manage
