// What the LINE set-up asks of the LINE platform; its body is in net/.

export interface LineGateway {
  /**
   * Makes LINE send a channel's events to `url`; an empty one clears it. Throws UserError LINE_REFUSED with LINE's
   * words, or OperationalError when LINE cannot be reached. The token is in neither.
   */
  setEndpoint(channelToken: string, url: string): Promise<void>
}
