// Tells the commands that record and play from those that move legs.
import type { AudioCommand, EngineCommand } from './engine.ts'

export const isAudioCommand = (command: EngineCommand): command is AudioCommand =>
  command.kind === 'recordStart' ||
  command.kind === 'recordStop' ||
  command.kind === 'play' ||
  command.kind === 'pausePlay' ||
  command.kind === 'stopPlay'
