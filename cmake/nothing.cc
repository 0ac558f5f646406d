// SPDX-License-Identifier: Apache-2.0
//
// The one file of targets that are there to precompile headers for others.
int main() {}
