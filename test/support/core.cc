// SPDX-License-Identifier: Apache-2.0
//
// The core, whole and without any venue: that this links is what it shows (test/CMakeLists.txt).
int main() {
  return 0;
}
