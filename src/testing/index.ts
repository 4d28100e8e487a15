/**
 * Laws, arbitraries and a driver for testing pipelines of your own.
 *
 * @module wallarx/testing
 */
export {}
